/** Names what a value is, such as `an array` or `the class PlaceOrder`, without showing what is in it. */
export function describeKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'function') return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
  return value.prototype === undefined || value.name === '' ? 'a function' : `the class ${value.name}`;
}

/** Shows a value given as an option: texts, numbers and booleans as they are, of anything else what it is. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : describeKind(value);
}

/** Whether a value is an object with named options: neither a class nor a list. */
export function isOptionsObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
