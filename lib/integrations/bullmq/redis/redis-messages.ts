import { toError } from '../errors.js';
import type { InstanceMessage } from '../store.js';
import type { Connection, RedisConnections } from './redis-connections.js';

/** How long messages are kept for an instance that does not read them, in milliseconds. */
const KEEP_MS = 300_000;
/** How long after it was set the time to keep them is not set again, in milliseconds. */
const KEEP_AGAIN_MS = 30_000;
const MAX_REMEMBERED = 1000;
/** About how many entries a stream keeps that nobody reads. An entry holds all messages of one turn of a sender. */
const MAX_ENTRIES = 10_000;
/** How long one read waits for messages, in milliseconds, and how much longer before it counts as hung. */
const BLOCK_MS = 10_000;
const HUNG_AFTER_MS = 2000;
/** After how many entries those that were read are removed. */
const TRIM_AFTER = 200;

/** Messages from instance to instance: a stream for each, which only that one reads. */
export class RedisMessages {
  private reader: Connection | undefined;
  private watchdog: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** When the time to keep each stream was set, by its key. */
  private readonly keptAtMs = new Map<string, number>();
  private lastId = '0-0';
  private readCount = 0;

  constructor(
    private readonly connections: RedisConnections,
    private readonly prefix: string,
    private readonly report: (error: Error) => void,
  ) {}

  /** Sends messages in one round trip. */
  async tell(instanceId: string, messages: readonly InstanceMessage[]): Promise<void> {
    const key = this.streamOf(instanceId);
    const { shared } = this.connections;
    const added = shared.xadd(key, 'MAXLEN', '~', MAX_ENTRIES, '*', 'm', JSON.stringify(messages));
    const now = performance.now();
    if (now - (this.keptAtMs.get(key) ?? -Infinity) < KEEP_AGAIN_MS) {
      await added;
      return;
    }
    if (this.keptAtMs.size >= MAX_REMEMBERED) this.keptAtMs.clear();
    this.keptAtMs.set(key, now);
    await Promise.all([added, shared.pexpire(key, KEEP_MS)]);
  }

  /** Begins to read; does nothing where it does so already. */
  listen(instanceId: string, received: (message: InstanceMessage) => void): void {
    if (this.reader !== undefined || this.isClosed) return;
    this.reader = this.connections.duplicate('dispatch:replies');
    this.reader.on('error', this.report);
    void this.readAll(this.reader, this.streamOf(instanceId), received);
  }

  close(): void {
    this.isClosed = true;
    // While the server is gone, the read never ends.
    clearTimeout(this.watchdog);
    this.reader?.disconnect();
  }

  private streamOf(instanceId: string): string {
    return `${this.prefix}:~instances:${instanceId}`;
  }

  /** Never rejects. */
  private async readAll(reader: Connection, key: string, received: (message: InstanceMessage) => void): Promise<void> {
    while (!this.isClosed) {
      try {
        for (const message of await this.read(reader, key)) received(message);
      } catch (error) {
        if (this.isClosed) return;
        this.report(toError(error));
        await new Promise((resolve) => setTimeout(resolve, 100).unref());
      }
    }
  }

  private async read(reader: Connection, key: string): Promise<InstanceMessage[]> {
    // A connection whose other end is gone without a word never answers.
    this.watchdog = setTimeout(() => reader.disconnect(true), BLOCK_MS + HUNG_AFTER_MS);
    const streams = await reader.xread('COUNT', 1000, 'BLOCK', BLOCK_MS, 'STREAMS', key, this.lastId).finally(() => {
      clearTimeout(this.watchdog);
    });
    const entries = streams?.[0]?.[1] ?? [];
    this.lastId = entries.at(-1)?.[0] ?? this.lastId;
    this.trim(key, entries.length);
    return entries.flatMap(([, [, text]]) => messagesIn(text));
  }

  private trim(key: string, count: number): void {
    this.readCount += count;
    if (this.readCount < TRIM_AFTER) return;
    this.readCount = 0;
    this.connections.shared.xtrim(key, 'MINID', this.lastId).catch(this.report);
  }
}

function messagesIn(text: string | undefined): InstanceMessage[] {
  try {
    // Only this adapter writes to these streams.
    return JSON.parse(text ?? '[]') as InstanceMessage[];
  } catch {
    return [];
  }
}
