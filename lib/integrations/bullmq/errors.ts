import { types } from 'node:util';

/** BullMQ's codes for a job that is gone (-1), and whose lock is gone (-2) or another's (-6), or that is not active (-3). */
const GONE: ReadonlySet<unknown> = new Set([-1, -2, -3, -6]);

/** Whether a value is an error, also one of another realm: Node's own are that in a test runner with a global of its own. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** An error, whatever was thrown. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(String(thrown), { cause: thrown });
}

/** Whether BullMQ refuses a command because the job is no longer this worker's. */
export function isGone(error: unknown): boolean {
  return isError(error) && 'code' in error && GONE.has(error.code);
}
