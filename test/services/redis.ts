import { Redis } from 'ioredis';

import { findRedis } from './find-redis.js';
import { ServerFolder } from './server-folder.js';
import { startServer, type RunningServer } from './server-process.js';

/** A Redis (or Valkey) server that this process started. */
export type RedisServer = RunningServer;

/** How a Redis is started. */
export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Where its files are; stays after `stop()`. Default: a temporary folder that goes with the server. */
  readonly folder?: string;
  /** Whether every write is on disk before it is answered, so that a kill loses nothing. Default false: nothing is stored. */
  readonly appendonly?: boolean;
  /** More arguments of the command, such as `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
}

/** Starts a Redis on 127.0.0.1; resolves when it answers. @throws Error when there is none or it does not start. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const command = await findRedis();
  const folder = await ServerFolder.make('redis', 'SIGKILL', options.folder);
  try {
    return await startServer(
      (port) => ({
        name: 'Redis',
        url: `redis://127.0.0.1:${port}`,
        port,
        command,
        args: argumentsFor(port, options),
        folder,
        gentleSignal: 'SIGTERM',
        abruptSignal: 'SIGKILL',
        isReady: (pid) => isServedBy(pid, port),
      }),
      options.port,
    );
  } catch (error) {
    await folder.release();
    throw error;
  }
}

/** Resolves when a Redis answers. @throws Error with the reason when it does not within 5 s. */
export async function checkRedis(url: string): Promise<void> {
  await withConnection(url, 5_000, (redis) => redis.ping());
}

function argumentsFor(port: number, { appendonly = false, args = [] }: RedisOptions): string[] {
  const log = appendonly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  return ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', '.', '--save', '', ...log, ...args];
}

async function isServedBy(pid: number, port: number): Promise<boolean> {
  try {
    const info = await withConnection(`redis://127.0.0.1:${port}`, 1_000, (redis) => redis.info());
    return info.includes(`process_id:${pid}\r\n`) && info.includes('loading:0\r\n');
  } catch {
    return false;
  }
}

async function withConnection<T>(url: string, timeoutMs: number, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    retryStrategy: () => null,
    enableReadyCheck: false,
  });
  // What connect() rejects with says only that the connection is closed; the reason is in the event before it.
  let reason: Error | undefined;
  redis.on('error', (error) => (reason = error));
  try {
    await redis.connect();
    return await use(redis);
  } catch (error) {
    throw reason ?? error;
  } finally {
    // To disconnect what was refused would leave a timer behind that holds this process for two seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}
