import { within } from './outage.js';
import type { DedicatedConnection } from './driver.js';
import type { PostgresClient } from './postgres-client.js';

/** How long before a lost connection is opened again, in milliseconds: the first time, and at most. */
const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 2000;
/** How often the connection is asked whether it still works, in milliseconds. */
const HEARTBEAT_MS = 15_000;

/** Takes what is told on a channel; undefined where the listening has begun, anew too: something may have been told and lost. */
export type ChannelHandler = (payload: string | undefined) => void;

/**
 * Listens to channels of Postgres over one connection, opened with the first and held until the end. A connection that is lost
 * is replaced. It is a wake-up and no more: whoever listens asks from time to time too, for a server may carry no notification
 * at all, behind a proxy that pools by transaction for instance. So nothing that fails here is told.
 */
export class ChannelListener {
  private readonly handlers = new Map<string, Set<ChannelHandler>>();
  private current: DedicatedConnection | undefined;
  private connecting: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private reconnectMs = RECONNECT_FIRST_MS;
  private isClosed = false;

  constructor(
    private readonly client: Pick<PostgresClient, 'dedicate'>,
    /** How long the server may take to answer, in milliseconds. */
    private readonly timeoutMs: number,
  ) {}

  /**
   * Calls a handler, which must not throw, for what is told on a channel, and each time the listening has begun. Never throws.
   *
   * @param channel letters, digits and `_`
   * @returns what ends it
   */
  listen(channel: string, onTold: ChannelHandler): () => void {
    // Wrapped, so that one function given twice is called, and removed, twice.
    const handler: ChannelHandler = (payload) => onTold(payload);
    const known = this.handlers.get(channel);
    const handlers = known ?? new Set();
    this.handlers.set(channel, handlers.add(handler));
    if (this.current === undefined) this.connect();
    else if (known === undefined) this.begin(this.current, channel);
    else queueMicrotask(() => handlers.has(handler) && handler(undefined));
    // A channel stays listened to without a handler: there are few, and those who listen come and go.
    return () => void handlers.delete(handler);
  }

  /** Ends all of it. Idempotent. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    clearInterval(this.heartbeat);
    await this.connecting;
    this.current?.end();
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
      const connection = await this.client.dedicate();
      if (this.isClosed) {
        connection.end();
        return;
      }
      this.current = connection;
      this.watch(connection);
      for (const channel of this.handlers.keys()) this.begin(connection, channel);
    } catch {
      this.reconnectLater();
    }
  }

  private watch(connection: DedicatedConnection): void {
    connection.on('notification', ({ channel, payload }) => this.tell(channel, payload ?? ''));
    connection.on('error', () => this.lost(connection));
    connection.on('end', () => this.lost(connection));
    clearInterval(this.heartbeat);
    // A server that hangs, or a network that swallows packets, breaks no connection by itself.
    this.heartbeat = setInterval(() => this.ask(connection, 'SELECT 1'), HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  private begin(connection: DedicatedConnection, channel: string): void {
    this.ask(connection, `LISTEN "${channel}"`, () => {
      this.reconnectMs = RECONNECT_FIRST_MS;
      this.tell(channel, undefined);
    });
  }

  private ask(connection: DedicatedConnection, statement: string, answered: () => void = () => undefined): void {
    within(this.timeoutMs, connection.query(statement)).then(answered, () => this.lost(connection));
  }

  private tell(channel: string, payload: string | undefined): void {
    for (const handler of this.handlers.get(channel) ?? []) handler(payload);
  }

  private lost(connection: DedicatedConnection): void {
    if (this.current !== connection) return;
    this.current = undefined;
    clearInterval(this.heartbeat);
    connection.end();
    this.reconnectLater();
  }

  private reconnectLater(): void {
    if (this.isClosed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), this.reconnectMs);
    this.timer.unref();
    this.reconnectMs = Math.min(this.reconnectMs * 2, RECONNECT_MAX_MS);
  }
}
