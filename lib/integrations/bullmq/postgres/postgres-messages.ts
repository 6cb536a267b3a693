import { createHash } from 'node:crypto';

import type { InstanceMessage } from '../store.js';
import type { ChannelListener } from './listening/channel-listener.js';
import type { Database } from './database.js';

/** How long messages are kept for an instance that does not read them, and how often old ones are looked for. */
const KEEP_SECONDS = 300;
const EXPIRE_EVERY_MS = 60_000;
/** How long after a failed read the next one comes, in milliseconds. */
const RETRY_MS = 500;
/** How long what was read is kept where nothing new comes, in milliseconds. */
const REMOVE_AFTER_MS = 1000;
const MAX_ROWS = 1000;

const TELL = 'SELECT dispatch_tell($1, $2, $3)';
/** What was read before is removed with the next read: an answer that is lost on its way loses nothing. */
const READ = `WITH known AS (DELETE FROM dispatch_message WHERE instance = $1 AND seq = ANY($2::bigint[]))
SELECT seq, body FROM dispatch_message WHERE instance = $1 AND seq <> ALL($2::bigint[]) ORDER BY seq LIMIT ${MAX_ROWS}`;
const EXPIRE = `DELETE FROM dispatch_message WHERE sent_at < now() - make_interval(secs => $1)`;

interface MessageRow {
  readonly seq: string;
  readonly body: string;
}

/** Messages from instance to instance: rows of a table, and a channel for each instance that tells of new ones. */
export class PostgresMessages {
  private known: string[] = [];
  private unsubscribe: (() => void) | undefined;
  private reading: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isNewTold = false;
  private isClosed = false;
  private expiredAtMs = 0;

  constructor(
    private readonly database: Database,
    private readonly listener: ChannelListener,
    private readonly report: (error: Error) => void,
  ) {}

  /** Sends messages in one round trip. */
  async tell(instanceId: string, messages: readonly InstanceMessage[]): Promise<void> {
    this.expireOld();
    // JSON texts escape what a text of Postgres cannot hold.
    const bodies = messages.map((message) => JSON.stringify(message));
    await this.database.query(TELL, [channelOf(instanceId), instanceId, bodies]);
  }

  /** Begins to read; does nothing where it does so already. */
  listen(instanceId: string, received: (message: InstanceMessage) => void): void {
    if (this.unsubscribe !== undefined || this.isClosed) return;
    this.unsubscribe = this.listener.subscribe(channelOf(instanceId), () => {
      this.isNewTold = true;
      this.read(instanceId, received);
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.unsubscribe?.();
    clearTimeout(this.timer);
    await this.reading;
  }

  private read(instanceId: string, received: (message: InstanceMessage) => void): void {
    if (this.isClosed || this.reading !== undefined) return;
    this.reading = this.readAll(instanceId, received).finally(() => {
      this.reading = undefined;
      if (this.isNewTold) this.read(instanceId, received);
    });
  }

  /** Never rejects. */
  private async readAll(instanceId: string, received: (message: InstanceMessage) => void): Promise<void> {
    this.isNewTold = false;
    try {
      const rows = await this.database.query<MessageRow>(READ, [instanceId, this.known]);
      this.known = rows.map(({ seq }) => seq);
      if (rows.length === MAX_ROWS) this.isNewTold = true;
      // What was read is removed soon, not only with the next message.
      else if (rows.length > 0) this.readIn(REMOVE_AFTER_MS, instanceId, received);
      for (const message of rows.flatMap(({ body }) => messagesIn(body))) received(message);
    } catch (error) {
      if (this.isClosed) return;
      this.report(error instanceof Error ? error : new Error(String(error)));
      this.readIn(RETRY_MS, instanceId, received);
    }
  }

  private readIn(delayMs: number, instanceId: string, received: (message: InstanceMessage) => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.read(instanceId, received), delayMs);
    this.timer.unref();
  }

  private expireOld(): void {
    const now = performance.now();
    if (this.expiredAtMs !== 0 && now - this.expiredAtMs < EXPIRE_EVERY_MS) return;
    this.expiredAtMs = now;
    this.database.query(EXPIRE, [KEEP_SECONDS]).catch((error: unknown) => {
      this.report(error instanceof Error ? error : new Error(String(error)));
    });
  }
}

/** The channel of an instance, whose id may be longer than the 63 bytes that a channel's name may have. */
function channelOf(instanceId: string): string {
  return `dispatch_${createHash('sha256').update(instanceId).digest('hex').slice(0, 40)}`;
}

function messagesIn(text: string): InstanceMessage[] {
  try {
    // Only this adapter writes to the table.
    return [JSON.parse(text) as InstanceMessage];
  } catch {
    return [];
  }
}
