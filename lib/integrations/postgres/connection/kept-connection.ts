import type { Pool, PooledConnection } from './driver.js';

/**
 * A connection that goes back to its pool only when the turn of the event loop ends in which its statement was answered: whoever has the next
 * statement by then need not ask the pool. One that others wait for goes back at once.
 */
export class KeptConnection {
  private connection: PooledConnection | undefined;
  private isEnding = false;

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
    if (waitingCount > 0 || this.connection !== undefined) {
      connection.release(false);
      return;
    }
    // The pool does not listen yet.
    connection.on('error', this.onLost);
    this.connection = connection;
    if (this.isEnding) return;
    this.isEnding = true;
    setImmediate(() => {
      this.isEnding = false;
      this.take()?.release(false);
    });
  }

  private readonly onLost = (): void => this.take()?.release(true);
}
