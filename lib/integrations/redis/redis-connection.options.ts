/** A connection of ioredis, `Redis` or `Cluster`, or anything that runs scripts as they do. It stays open when the application closes. */
export interface RedisIdempotencyClient {
  eval(script: string, keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
}

/** How to connect, as ioredis takes it; options it has beside these are passed on. */
export interface RedisIdempotencyConnection {
  /** Such as `rediss://user:password@host:6379/0`; the other options come on top. */
  readonly url?: string;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 6379. */
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  /** Number of the database. Default 0. */
  readonly db?: number;
  readonly tls?: object;
  /** How long a command may take, in milliseconds from when it is given; then the message fails. Default 5000. */
  readonly commandTimeout?: number;
  readonly [option: string]: unknown;
}

/** What a store on Redis is told. */
export interface RedisStoreOptions {
  /**
   * The Redis or Valkey server: its address, how to connect, or a connection, which stays yours. What is no connection is
   * connected to with the first message, and closed with the application. Default: 127.0.0.1:6379.
   */
  readonly connection?: string | RedisIdempotencyConnection | RedisIdempotencyClient;
  /** What the names of all keys begin with. Default `dispatch:`, and what is kept, such as `dispatch:idempotency:`. */
  readonly prefix?: string;
}

/** The same, complete. */
export interface ResolvedRedisStoreOptions {
  readonly connection: RedisIdempotencyConnection | RedisIdempotencyClient;
  readonly prefix: string;
}

const KNOWN = ['connection', 'prefix'];

/** Fills the options in. @param refuse is told of everything that is wrong, and must throw */
export function resolveRedisStoreOptions(
  options: RedisStoreOptions,
  defaultPrefix: string,
  refuse: (problems: readonly string[]) => never,
): ResolvedRedisStoreOptions {
  if (!isObject(options)) return refuse(['takes an object of options, such as { connection }']);
  if (isClient(options)) return refuse(['was given a connection as its options: write { connection }']);
  const { connection: given = {}, prefix = defaultPrefix } = options;
  const connection = typeof given === 'string' ? { url: given } : given;
  const unknown = Object.keys(options).filter((name) => !KNOWN.includes(name));
  const problems = unknown.map((name) => `has the unknown option "${name}": there are ${KNOWN.join(', ')}`);
  if (typeof prefix !== 'string') problems.push('has a prefix that is not a text');
  if (!isObject(connection)) problems.push('has a connection that is neither text nor object');
  // A URL is not quoted: it may hold a password.
  else if (!isClient(connection) && connection.url !== undefined && !/^rediss?:\/\//.test(connection.url)) {
    problems.push('has a url that does not begin with redis:// or rediss://');
  }
  return problems.length > 0 ? refuse(problems) : { connection, prefix };
}

/** Whether it is a connection, rather than how to make one. */
export function isClient(connection: object): connection is RedisIdempotencyClient {
  return 'eval' in connection && typeof connection.eval === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
