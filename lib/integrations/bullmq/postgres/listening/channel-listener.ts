import { within } from '../database.js';
import type { Borrowed, Connector } from '../pg-driver.js';

/** How long before a lost connection is opened again, in milliseconds: the first time, and at most. */
const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 2000;
/** How often the connection is asked whether it still works, in milliseconds. */
const HEARTBEAT_MS = 15_000;

/** What Postgres tells a connection that listens. */
interface PgNotification {
  readonly channel: string;
  readonly payload?: string;
}

/** Takes what is told on a channel; without a payload where something may have been told and lost. */
type ChannelHandler = (payload?: string) => void;

/**
 * Listens to any number of channels over one connection, opened when the first is subscribed to. A connection that is
 * lost is replaced, and every handler called, for what was told in between is lost.
 */
export class ChannelListener {
  private readonly handlers = new Map<string, Set<ChannelHandler>>();
  private current: Borrowed | undefined;
  private connecting: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private reconnectMs = RECONNECT_FIRST_MS;
  private isClosed = false;

  constructor(
    private readonly connector: Pick<Connector, 'dedicate'>,
    private readonly timeoutMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /**
   * Calls a handler for what is told on a channel from about now on: it is called once when the listening has begun.
   *
   * @returns a function that ends it
   */
  subscribe(channel: string, handler: ChannelHandler): () => void {
    const known = this.handlers.get(channel);
    const handlers = known ?? new Set();
    this.handlers.set(channel, handlers.add(handler));
    if (this.current === undefined) this.connect();
    else if (known === undefined) this.listen(this.current, channel);
    else queueMicrotask(() => handlers.has(handler) && handler());
    // A channel stays listened to without a handler: there are few, and their workers come and go.
    return () => void handlers.delete(handler);
  }

  /** Ends all of it. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    clearInterval(this.heartbeat);
    await this.connecting;
    this.current?.release(true);
    this.current = undefined;
  }

  private connect(): void {
    if (this.isClosed || this.connecting !== undefined) return;
    this.connecting = this.open().finally(() => {
      this.connecting = undefined;
    });
  }

  private async open(): Promise<void> {
    try {
      const borrowed = await this.connector.dedicate();
      if (this.isClosed) {
        borrowed.release(true);
        return;
      }
      this.watch(borrowed);
      this.current = borrowed;
      this.reconnectMs = RECONNECT_FIRST_MS;
      for (const channel of this.handlers.keys()) this.listen(borrowed, channel);
    } catch (error) {
      this.onError(error);
      this.reconnectLater();
    }
  }

  private watch(borrowed: Borrowed): void {
    const { connection } = borrowed;
    connection.on('notification', ({ channel, payload }: PgNotification) => this.tell(channel, payload ?? ''));
    connection.on('error', (error: Error) => this.lost(borrowed, error));
    connection.on('end', () => this.lost(borrowed, new Error('Connection terminated')));
    clearInterval(this.heartbeat);
    // A server that hangs, or a network that swallows packets, breaks no connection by itself.
    this.heartbeat = setInterval(() => {
      within(this.timeoutMs, connection.query({ text: 'SELECT 1' })).catch((error: unknown) =>
        this.lost(borrowed, error),
      );
    }, HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  private listen(borrowed: Borrowed, channel: string): void {
    const { connection } = borrowed;
    within(this.timeoutMs, connection.query({ text: `LISTEN "${channel}"` })).then(
      () => this.tell(channel),
      (error: unknown) => this.lost(borrowed, error),
    );
  }

  private tell(channel: string, payload?: string): void {
    for (const handler of this.handlers.get(channel) ?? []) handler(payload);
  }

  private lost(borrowed: Borrowed, error: unknown): void {
    if (this.current !== borrowed) return;
    this.current = undefined;
    clearInterval(this.heartbeat);
    borrowed.release(true);
    if (this.isClosed) return;
    this.onError(error);
    this.reconnectLater();
  }

  private reconnectLater(): void {
    if (this.isClosed) return;
    this.timer = setTimeout(() => this.connect(), this.reconnectMs);
    this.timer.unref();
    this.reconnectMs = Math.min(this.reconnectMs * 2, RECONNECT_MAX_MS);
  }
}
