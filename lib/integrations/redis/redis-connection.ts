import { Redis, type RedisOptions } from 'ioredis';

import { isClient, type RedisIdempotencyClient, type RedisIdempotencyConnection } from './redis-connection.options.js';

const COMMAND_TIMEOUT_MS = 5000;

/** What scripts are run on: a connection of the user's, which stays theirs, or one that is made with the first script. */
export class RedisScriptConnection {
  private readonly client: RedisIdempotencyClient;
  /** The connection, where it is ours to close. */
  private readonly own: Redis | undefined;

  constructor(given: RedisIdempotencyConnection | RedisIdempotencyClient) {
    this.own = isClient(given) ? undefined : connect(given);
    this.client = this.own ?? (given as RedisIdempotencyClient);
  }

  /** Runs a script with one key. */
  run(script: string, key: string, ...given: (string | number)[]): Promise<unknown> {
    return this.client.eval(script, 1, key, ...given);
  }

  async close(): Promise<void> {
    const { own } = this;
    if (own === undefined) return;
    // A server that does not answer is not waited for.
    if (own.status === 'ready') await own.quit().catch(() => own.disconnect());
    else own.disconnect();
  }
}

function connect({ url, ...rest }: RedisIdempotencyConnection): Redis {
  // The options are those of ioredis, by their documentation.
  const options = { commandTimeout: COMMAND_TIMEOUT_MS, ...rest, lazyConnect: true } as RedisOptions;
  const redis = url === undefined ? new Redis(options) : new Redis(url, options);
  // Without a listener ioredis prints to the console. Whoever gave the command is told.
  redis.on('error', () => undefined);
  return redis;
}
