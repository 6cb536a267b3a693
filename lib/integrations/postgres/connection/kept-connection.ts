import type { Pool, PooledConnection } from './driver.js';

/** For how long a connection is kept, in milliseconds, whatever it is used for meanwhile: the pool may have limits to its life. */
const KEPT_MS = 1000;

/**
 * Keeps one connection for the next statement: to give it back to its pool and to ask for it again takes longer than many statements do. Whoever
 * needs a connection takes this one first; where others wait for one already it goes back.
 */
export class KeptConnection {
  private idle: PooledConnection | undefined;
  /** The one that was kept last, whose end is listened to: the pool does so only once it has it. */
  private watched: PooledConnection | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Whether the time was over while the connection was in use. */
  private isDue = false;
  private isEnded = false;

  constructor(private readonly pool: Pick<Pool, 'waitingCount'>) {}

  /** Takes the connection, where one is kept. Its user is told of its end by the statement that fails. */
  take(): PooledConnection | undefined {
    const { idle } = this;
    this.idle = undefined;
    return idle;
  }

  /** Keeps a connection that works, or gives it back. */
  put(connection: PooledConnection): void {
    const { waitingCount = 0 } = this.pool;
    if (waitingCount > 0 || this.isDue || this.isEnded || this.idle !== undefined) {
      this.isDue = false;
      this.giveBack(connection, false);
      return;
    }
    this.idle = connection;
    this.watch(connection);
    if (this.timer === undefined) {
      this.timer = setTimeout(() => this.expire(), KEPT_MS);
      this.timer.unref();
    }
  }

  /** Gives the connection back, and keeps none from now on. */
  end(): void {
    this.isEnded = true;
    this.expire();
  }

  private expire(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const connection = this.take();
    if (connection === undefined) this.isDue = true;
    else this.giveBack(connection, false);
  }

  private giveBack(connection: PooledConnection, isBroken: boolean): void {
    if (connection === this.watched) this.watch(undefined);
    connection.release(isBroken);
  }

  private watch(connection: PooledConnection | undefined): void {
    if (connection === this.watched) return;
    this.watched?.removeListener('error', this.onLost);
    connection?.on('error', this.onLost);
    this.watched = connection;
  }

  private readonly onLost = (): void => {
    const connection = this.take();
    if (connection !== undefined) this.giveBack(connection, true);
  };
}
