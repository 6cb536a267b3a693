import type { Cluster, Redis, RedisOptions } from 'ioredis';

import { QueueUnavailableError } from '../../../index.js';
import type { Availability } from '../availability.js';
import { toError } from '../errors.js';
import { refuseWithoutIoredis } from '../setup-problems.js';
import { isClient, isCluster, type RedisClient, type RedisConnectionOptions } from './redis-options.js';

/** A connection of ioredis. */
export type Connection = Redis | Cluster;

/** What every connection of this adapter is like: commands wait for the server, and workers never give up. */
const OURS = {
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  lazyConnect: false,
  commandTimeout: undefined,
} as const;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2000;
const KEEP_ALIVE_MS = 10_000;

/** The connection that carries everything but what blocks, and where its duplicates come from. */
export class RedisConnections {
  /** Set by {@link open}. */
  private main: Connection | undefined;
  private isOurs = true;
  private isJoining = false;
  private waiting: Promise<void> | undefined;
  private lastError: Error | undefined;
  private readonly noteError = (error: Error): void => {
    this.lastError = error;
    this.report(error);
  };

  constructor(
    private readonly given: RedisConnectionOptions | RedisClient,
    private readonly availability: Pick<Availability, 'atBoot' | 'connectTimeoutMs'>,
    private readonly report: (error: Error) => void,
  ) {}

  /** As errors name the server, without credentials. */
  get label(): string {
    return labelOf(this.given);
  }

  /** @throws DISPATCH_QUEUE_UNAVAILABLE where the server does not answer in time */
  async open(): Promise<void> {
    const main = await this.connect();
    this.main = main;
    main.on('error', this.noteError);
    if (main.status === 'wait') main.connect().catch(this.noteError);
    if (this.availability.atBoot === 'wait') return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), this.availability.connectTimeoutMs);
    });
    // A server may accept connections and yet not answer.
    const answer = this.becomesReady().then(() => main.ping());
    answer.catch(() => 'told by the race, where it is still on');
    try {
      if ((await Promise.race([answer, late])) !== 'late') return;
    } catch (error) {
      this.noteError(toError(error));
    } finally {
      clearTimeout(timer);
    }
    this.close();
    throw new QueueUnavailableError('connecting', this.label, { cause: this.lastError });
  }

  /** The shared connection. Nothing that blocks may be sent over it. */
  get shared(): Connection {
    if (this.main === undefined) throw new QueueUnavailableError('using it before it is opened', this.label);
    return this.main;
  }

  isReady(): boolean {
    return this.main?.status === 'ready';
  }

  becomesReady(): Promise<void> {
    const main = this.shared;
    if (this.isReady()) return Promise.resolve();
    this.waiting ??= new Promise<void>((resolve) => {
      main.once('ready', () => {
        this.waiting = undefined;
        resolve();
      });
    });
    return this.waiting;
  }

  /**
   * Sends what the promises that are settled now write in one piece: a write for each command costs this process as much as
   * the command, and the server a read. For commands that nothing waits for one by one: what belongs to different rounds of
   * question and answer would wait for each other.
   */
  joinWrites(): void {
    const main = this.shared;
    // The nodes of a Cluster have connections of their own.
    if (this.isJoining || !('stream' in main) || !this.isReady()) return;
    const { stream } = main;
    this.isJoining = true;
    stream.cork();
    // Behind the promises that lead to the writes, since ticks that are due already come before any of them.
    queueMicrotask(() => {
      process.nextTick(() => {
        this.isJoining = false;
        stream.uncork();
      });
    });
  }

  /** One more connection, for commands that block. Whoever asks for it closes it. */
  duplicate(name: string): Connection {
    return duplicateOf(this.shared, { ...OURS, connectionName: name });
  }

  close(): void {
    const { main } = this;
    if (main === undefined) return;
    if (!this.isOurs) {
      main.off('error', this.noteError);
      return;
    }
    // What is still under way, on a server that hangs or is gone, fails now. It must not be reported after the close.
    main.off('error', this.noteError);
    main.on('error', ignore);
    main.disconnect();
  }

  private async connect(): Promise<Connection> {
    const { given } = this;
    if (isClient(given)) {
      // The structural type of the options says no more than what is needed to know it: it is a connection of ioredis.
      const client = given as unknown as Connection;
      this.isOurs = !isUsable(client);
      return this.isOurs ? duplicateOf(client, OURS) : client;
    }
    const { Redis: RedisClass } = await import('ioredis').catch(refuseWithoutIoredis);
    const { url, ...rest } = given;
    // The options are those of ioredis, by their documentation.
    const options = { retryStrategy: retryDelayOf, keepAlive: KEEP_ALIVE_MS, ...rest, ...OURS } as RedisOptions;
    return url === undefined ? new RedisClass(options) : new RedisClass(url, options);
  }
}

function ignore(): void {
  // A connection without a listener for 'error' prints to the console.
}

function retryDelayOf(times: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(times, 10), LAST_RETRY_MS);
}

function isUsable(client: Connection): boolean {
  const { lazyConnect } = client.options;
  const { maxRetriesPerRequest, commandTimeout } = redisOptionsOf(client);
  const { enableOfflineQueue } = client.options;
  return (
    maxRetriesPerRequest === null &&
    commandTimeout === undefined &&
    enableOfflineQueue !== false &&
    lazyConnect !== true
  );
}

function redisOptionsOf(client: Connection): Partial<RedisOptions> {
  return 'redisOptions' in client.options ? (client.options.redisOptions ?? {}) : client.options;
}

function duplicateOf(client: Connection, options: Partial<RedisOptions>): Connection {
  if (!client.isCluster) return (client as Redis).duplicate(options);
  const cluster = client as Cluster;
  const { lazyConnect: _lazyConnect, enableOfflineQueue: _enableOfflineQueue, ...redisOptions } = options;
  return cluster.duplicate(undefined, {
    lazyConnect: false,
    enableOfflineQueue: true,
    redisOptions: { ...cluster.options.redisOptions, ...redisOptions },
  });
}

function labelOf(given: RedisConnectionOptions | RedisClient): string {
  if (isCluster(given)) return 'Redis Cluster';
  const options = (isClient(given) ? given.options : given) as RedisConnectionOptions;
  const { url, path, sentinels, name } = options;
  if (url !== undefined && URL.canParse(url)) return `Redis at ${new URL(url).host}`;
  if (path !== undefined && path !== null) return `Redis at ${path}`;
  if (sentinels !== undefined && sentinels !== null) return `Redis "${name}" of the sentinels`;
  return `Redis at ${options.host ?? '127.0.0.1'}:${options.port ?? 6379}`;
}
