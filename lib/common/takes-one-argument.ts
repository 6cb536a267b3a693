/**
 * Whether a function cannot see a second argument: it has no parameter or one plain one, and does not speak of
 * `arguments`. Its text is asked, since defaults and rest parameters do not count in a function's `length`; where the
 * text is not there, as of a bound function, the answer is no.
 */
export function takesOneArgument(value: unknown): boolean {
  if (typeof value !== 'function' || value.length > 1) return false;
  const text = Function.prototype.toString.call(value).replaceAll(/\/\*.*?\*\//gs, '');
  return /^[^(]*\(\s*[\w$]*\s*\)/.test(text) && !/\barguments\b|\[native code\]/.test(text);
}
