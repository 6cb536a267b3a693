import { isNativeError } from 'node:util/types';

/** What the driver, or the operating system below it, says where the server cannot be reached. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/**
 * What a server says that stops, starts, is full, or has become a replica, and where others held a lock for too long: class 08,
 * and these.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SERVER_AWAY = /^(08|57P0[1-35]|53300|25006|55P03)/;

/** What pg says, which has no code. */
const LOST =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired|timeout exceeded)/;

/** Why a statement was given up: the server took too long. */
export class NoAnswer extends Error {
  constructor() {
    super('There was no answer in time.');
  }
}

/** @throws NoAnswer where the answer does not come in time */
export function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  // By hand: each statement passes here, and Promise.race() in an async function makes six promises of one.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NoAnswer()), Math.max(1, timeoutMs));
    const settled = (settle: () => void): void => {
      clearTimeout(timer);
      settle();
    };
    answer.then(
      (value) => settled(() => resolve(value)),
      (error: unknown) => settled(() => reject(error)),
    );
  });
}

/** Whether an error of a statement means that the server does not answer, rather than that it refuses the statement. */
export function isOutage(error: unknown): boolean {
  // By its shape: to a test runner that gives each file a realm of its own, Node's errors are no instances of Error.
  if (!isNativeError(error)) return false;
  if (error instanceof NoAnswer || LOST.test(error.message)) return true;
  // A host with several addresses fails with one error for each.
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isOutage);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (UNREACHABLE.has(code) || SERVER_AWAY.test(code)) return true;
  return error.cause !== undefined && isOutage(error.cause);
}

/** Whether the server has answered, and refuses the statement: then nothing of it was done. */
export function isRefusal(error: unknown): boolean {
  return isNativeError(error) && 'severity' in error && !isOutage(error);
}
