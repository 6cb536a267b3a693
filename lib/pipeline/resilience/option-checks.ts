import { describeValue } from '../../common/describe-value.js';

/** Says that a value is no whole number in a range; undefined where it is one. */
export function wholeNumberProblem(value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): string | undefined {
  if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return undefined;
  const end = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  return `which is ${describeValue(value)}, not a whole number from ${min}${end}`;
}

/** Says that a value is no function; undefined where it is one. */
export function functionProblem(value: unknown): string | undefined {
  return typeof value === 'function' ? undefined : `which is ${describeValue(value)}, not a function`;
}

/** Says that a value cannot be a name; undefined where it can. */
export function nameProblem(value: unknown): string | undefined {
  const isName = typeof value === 'string' && value.length >= 1 && value.length <= 200;
  return isName ? undefined : `which is ${describeValue(value)}, not a text of 1 to 200 characters`;
}
