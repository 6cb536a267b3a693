import { InvalidQueueOptionsError } from '../../index.js';
import { isError } from './errors.js';

/** What Node, and Jest, say of a package that nobody has installed. */
const NO_IOREDIS = /^Cannot find (?:package|module) 'ioredis'/;

/**
 * Why what was given as options is none; undefined where it may be one. It is not quoted: most often it is the connection
 * itself, which may hold a password.
 *
 * @param url how an address begins, as `redis://`
 */
export function optionsObjectProblem(given: unknown, url: string): string | undefined {
  if (typeof given === 'string') return `they are a text: pass { connection: '${url}…' }`;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return `they are no object: pass such as { connection: '${url}…' }`;
  }
  const isConnection = [Reflect.get(given, 'connect'), Reflect.get(given, 'duplicate')].some(
    (method) => typeof method === 'function',
  );
  return isConnection ? 'they are a connection: pass { connection: … }' : undefined;
}

/**
 * Says what to install where ioredis, which is loaded when the first connection is made, is not there; throws any other
 * error on.
 *
 * @throws DISPATCH_INVALID_QUEUE_OPTIONS
 */
export function refuseWithoutIoredis(error: unknown): never {
  if (!isError(error) || !NO_IOREDIS.test(error.message)) throw error;
  throw new InvalidQueueOptionsError('bullmq()', [
    `need the package "ioredis", which cannot be loaded (${error.message}): npm install ioredis`,
  ]);
}
