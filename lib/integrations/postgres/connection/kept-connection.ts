import type { Pool, PooledConnection } from './driver.js';

/** For how long a connection is kept, in milliseconds, whatever it is used for meanwhile: the pool may have limits to its life. */
const KEPT_MS = 1000;

/**
 * Keeps one connection for the next statement: to give it back to its pool and to ask for it again takes longer than many statements do. Whoever
 * needs a connection takes this one first; where others wait for one already it goes back.
 */
export class KeptConnection {
  private connection: PooledConnection | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Whether the time was over while the connection was in use. */
  private isDue = false;

  constructor(private readonly pool: Pick<Pool, 'waitingCount'>) {}

  /** Takes the connection, where one is kept. */
  take(): PooledConnection | undefined {
    const { connection } = this;
    this.connection = undefined;
    connection?.removeListener('error', this.onLost);
    return connection;
  }

  /** Keeps a connection that works, or gives it back. */
  put(connection: PooledConnection): void {
    const { waitingCount = 0 } = this.pool;
    if (waitingCount > 0 || this.isDue || this.connection !== undefined) {
      this.isDue = false;
      connection.release(false);
      return;
    }
    // The pool does not listen yet.
    connection.on('error', this.onLost);
    this.connection = connection;
    if (this.timer === undefined) {
      this.timer = setTimeout(() => this.end(), KEPT_MS);
      this.timer.unref();
    }
  }

  /** Gives the connection back. */
  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const connection = this.take();
    if (connection === undefined) this.isDue = true;
    else connection.release(false);
  }

  private readonly onLost = (): void => this.take()?.release(true);
}
