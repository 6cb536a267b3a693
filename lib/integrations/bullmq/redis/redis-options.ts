import { InvalidQueueOptionsError } from '../../../index.js';
import {
  availabilityProblems,
  resolveAvailability,
  type Availability,
  type AvailabilityOptions,
} from '../availability.js';
import { optionsObjectProblem } from '../setup-problems.js';

/** A connection of ioredis: a `Redis` or a `Cluster`. It stays open when the application closes. */
export interface RedisClient {
  readonly status: string;
  readonly options: object;
  duplicate(...args: never[]): unknown;
  quit(): Promise<unknown>;
}

/** How to connect, as ioredis takes it; options it has beside these are passed on. */
export interface RedisConnectionOptions {
  /** Such as `rediss://user:password@host:6379/0`; the other options come on top. */
  readonly url?: string;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 6379. */
  readonly port?: number;
  /** Of a Unix socket, in place of host and port. */
  readonly path?: string;
  readonly username?: string;
  readonly password?: string;
  /** Number of the database. Default 0. */
  readonly db?: number;
  readonly tls?: object;
  readonly sentinels?: readonly { readonly host?: string; readonly port?: number }[];
  /** Of the group of the sentinels. */
  readonly name?: string;
  readonly [option: string]: unknown;
}

/** Options of {@link bullmq}. */
export interface BullmqOptions extends AvailabilityOptions {
  /**
   * The Redis or Valkey server: its address, how to connect, or a connection of ioredis, which stays yours. Of a
   * connection whose options BullMQ cannot work with (`maxRetriesPerRequest`, `commandTimeout`, `lazyConnect`, no offline
   * queue) a duplicate is used. Each worker and each lane opens one more. Default: 127.0.0.1:6379.
   */
  readonly connection?: string | RedisConnectionOptions | RedisClient;
  /**
   * What the names of all keys begin with; two applications with the same prefix share their queues. On a Cluster it needs
   * a hash tag, for all keys of a queue must be in one slot. Default `dispatch`, and `{dispatch}` on a Cluster.
   */
  readonly prefix?: string;
}

/** The same, complete. */
export interface ResolvedBullmqOptions {
  readonly connection: RedisConnectionOptions | RedisClient;
  readonly prefix: string;
  readonly availability: Availability;
}

const KNOWN = ['connection', 'prefix', 'atBoot', 'connectTimeoutMs', 'whenDown', 'commandTimeoutMs'];

/** Fills the options in. @throws DISPATCH_INVALID_QUEUE_OPTIONS listing everything that is wrong */
export function resolveBullmqOptions(options: BullmqOptions): ResolvedBullmqOptions {
  const misplaced = optionsObjectProblem(options, 'redis://');
  if (misplaced !== undefined) throw new InvalidQueueOptionsError('bullmq()', [misplaced]);
  const { connection: given = {} } = options;
  const connection = typeof given === 'string' ? { url: given } : given;
  const prefix = options.prefix ?? (isCluster(connection) ? '{dispatch}' : 'dispatch');
  const availability = resolveAvailability(options);
  const unknown = Object.keys(options).filter((name) => !KNOWN.includes(name));
  const problems = [
    ...unknown.map((name) => `has the unknown option "${name}": there are ${KNOWN.join(', ')}`),
    ...availabilityProblems(availability),
    ...prefixProblems(prefix, isCluster(connection)),
    ...connectionProblems(connection),
  ];
  if (problems.length > 0) throw new InvalidQueueOptionsError('bullmq()', problems);
  return { connection, prefix, availability };
}

/** Whether it is a connection, rather than how to make one. */
export function isClient(connection: RedisConnectionOptions | RedisClient): connection is RedisClient {
  return 'duplicate' in connection && typeof connection.duplicate === 'function';
}

/** Whether it is a connection to a Cluster. */
export function isCluster(connection: object): boolean {
  return 'isCluster' in connection && connection.isCluster === true;
}

function prefixProblems(prefix: string, isForCluster: boolean): string[] {
  if (typeof prefix !== 'string' || prefix === '') return [`has prefix ${JSON.stringify(prefix)}, not a text`];
  if (!isForCluster || /\{[^}]+\}/.test(prefix)) return [];
  return [`has prefix "${prefix}" without a hash tag, which a Cluster needs: write "{${prefix}}"`];
}

function connectionProblems(connection: RedisConnectionOptions | RedisClient): string[] {
  if (typeof connection !== 'object' || connection === null)
    return ['has a connection that is neither text nor object'];
  const { keyPrefix, url } = (isClient(connection) ? connection.options : connection) as RedisConnectionOptions;
  const problems = keyPrefix ? ['has a connection with keyPrefix, which BullMQ cannot use: give prefix instead'] : [];
  // A URL is not quoted: it may hold a password.
  if (url !== undefined && !/^rediss?:\/\//.test(url))
    problems.push('has a url that does not begin with redis:// or rediss://');
  return problems;
}
