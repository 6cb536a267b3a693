import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { PostgresUnavailableError } from '../errors.js';
import type { DedicatedConnection, Pool, PooledConnection, Statement } from './driver.js';
import { KeptConnection } from './kept-connection.js';
import { isOutage, isRefusal, within } from './outage.js';
import { isPool, type PostgresConnectionOptions, type ResolvedPostgresOptions } from './postgres-options.js';
import { TimeLimits } from './time-limits.js';

/** The wait before a statement that met no server is tried again, in milliseconds: it doubles from the first to the last. */
const FIRST_PAUSE_MS = 25;
const LAST_PAUSE_MS = 400;

type ClientOptions = Pick<ResolvedPostgresOptions, 'connection' | 'maxConnections' | 'commandTimeoutMs'>;

/**
 * Runs statements, each within a time limit; opens nothing before the first. A statement that met a server that is away is
 * repeated within the limit, so it must do no harm twice.
 */
export class PostgresClient {
  private readonly pool: Pool;
  /** Undefined where others take from the pool too, and would wait for what is kept here. */
  private readonly kept: KeptConnection | undefined;
  private readonly limits = new TimeLimits();
  private readonly isOwn: boolean;
  private readonly sockets = new Set<Socket>();
  private readonly label: string;
  private readonly timeoutMs: number;
  /** Undefined where the pool is the caller's. */
  private makeClient: (() => pg.Client) | undefined;
  private closing: Promise<void> | undefined;

  constructor({ connection, maxConnections, commandTimeoutMs }: ClientOptions) {
    this.timeoutMs = commandTimeoutMs;
    this.label = labelOf(connection);
    this.isOwn = !isPool(connection);
    // The structural type of the option names less of a pool than is used here; only a pool of pg has all it names.
    this.pool = isPool(connection) ? (connection as unknown as Pool) : this.open(connection, maxConnections);
    this.kept = this.isOwn ? new KeptConnection(this.pool) : undefined;
    // A pool whose idle connection breaks tells it to its listeners, and ends the process where it has none.
    this.pool.on('error', ignore);
  }

  /**
   * Runs one statement, or without values several.
   *
   * @throws DISPATCH_POSTGRES_UNAVAILABLE, or what the server says of the statement
   */
  query<Row>(text: string, values?: readonly unknown[], timeoutMs?: number): Promise<readonly Row[]> {
    return this.run<Row>(values === undefined ? { text } : { text, values }, timeoutMs);
  }

  /** The same, for a statement that may have a name. @throws as {@link query} */
  run<Row>(statement: Statement, timeoutMs: number = this.timeoutMs): Promise<readonly Row[]> {
    return this.patiently(timeoutMs, async (endsAtMs) => {
      const connection = await this.borrow(endsAtMs);
      // The caller knows what its statement returns.
      return (await this.runOn(connection, statement, endsAtMs)) as readonly Row[];
    });
  }

  /**
   * Runs a statement that would do harm twice: it waits for a server that is away, as the others do, but what was once sent is not
   * repeated.
   *
   * @throws DISPATCH_POSTGRES_UNAVAILABLE, where it may have been carried out, or what the server says of the statement
   */
  async runOnce<Row>(statement: Statement): Promise<readonly Row[]> {
    const { timeoutMs, label } = this;
    const endsAtMs = performance.now() + timeoutMs;
    const connection = this.kept?.take() ?? (await this.patiently(timeoutMs, (byMs) => this.borrow(byMs)));
    try {
      // The caller knows what its statement returns.
      return (await this.runOn(connection, statement, endsAtMs)) as readonly Row[];
    } catch (cause) {
      throw isOutage(cause) ? new PostgresUnavailableError(label, timeoutMs, { cause }) : cause;
    }
  }

  /**
   * Lends a connection out that has run one statement. `onLost` is told where it breaks; the borrower removes it, and releases the
   * connection.
   *
   * @throws DISPATCH_POSTGRES_UNAVAILABLE, or what the server says of the statement
   */
  async lend(statement: string, onLost: (error: unknown) => void): Promise<PooledConnection> {
    return this.patiently(this.timeoutMs, async (endsAtMs) => {
      const connection = await this.borrow(endsAtMs);
      connection.on('error', onLost);
      try {
        await within(endsAtMs - performance.now(), connection.query(statement));
        return connection;
      } catch (error) {
        connection.removeListener('error', onLost);
        connection.release(true);
        throw error;
      }
    });
  }

  /**
   * A connection of its own beside the pool; where the pool is the caller's, one of that.
   *
   * @throws what the driver says where the server cannot be reached
   */
  async dedicate(): Promise<DedicatedConnection> {
    const { makeClient, timeoutMs } = this;
    if (makeClient === undefined) {
      const pooled = await this.borrow(performance.now() + timeoutMs);
      pooled.on('error', ignore);
      // It has listened to channels: the next user of the pool must not get what they carry.
      return dedicated(pooled, () => pooled.release(true));
    }
    const client = makeClient();
    // What ends a connection that is lost fails, and there is nobody to tell.
    const end = (): void => void client.end().catch(ignore);
    try {
      await within(timeoutMs, client.connect());
    } catch (error) {
      // It may still hold its socket.
      end();
      throw error;
    }
    return dedicated(client, end);
  }

  /** Closes what was opened here; a server that does not answer in time is left without a goodbye. Idempotent. */
  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  private async end(): Promise<void> {
    if (!this.isOwn) {
      this.pool.removeListener('error', ignore);
      return;
    }
    this.kept?.end();
    await within(this.timeoutMs, this.pool.end()).catch(ignore);
    // Each of them would wait for the server to close its side, and keep the process alive.
    for (const socket of this.sockets) socket.destroy();
  }

  /** Tries again while the server is away, until the time is over. */
  private async patiently<T>(timeoutMs: number, work: (endsAtMs: number) => Promise<T>): Promise<T> {
    const endsAtMs = performance.now() + timeoutMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
      try {
        return await work(endsAtMs);
      } catch (cause) {
        if (!isOutage(cause)) throw cause;
        if (this.closing !== undefined || performance.now() + pauseMs >= endsAtMs) {
          throw new PostgresUnavailableError(this.label, timeoutMs, { cause });
        }
        await delay(pauseMs);
      }
    }
  }

  private async runOn(
    connection: PooledConnection,
    { name, text, values }: Statement,
    endsAtMs: number,
  ): Promise<readonly unknown[]> {
    // A pool listens to idle connections only, and those of the own one by themselves. What breaks this one fails the statement too.
    if (!this.isOwn) connection.on('error', ignore);
    let isBroken = true;
    try {
      const answer =
        name === undefined ? connection.query(text, values) : connection.query({ name, text, values: values ?? [] });
      const { rows = [] } = await this.limits.within(endsAtMs, answer);
      isBroken = false;
      return rows;
    } catch (error) {
      // Of several statements one may have begun a transaction; and it may still wait for an answer.
      isBroken = values === undefined || !isRefusal(error);
      throw error;
    } finally {
      if (!this.isOwn) connection.removeListener('error', ignore);
      if (this.kept === undefined || isBroken) connection.release(isBroken);
      else this.kept.put(connection);
    }
  }

  private async borrow(endsAtMs: number): Promise<PooledConnection> {
    const kept = this.kept?.take();
    if (kept !== undefined) return kept;
    const connecting = this.pool.connect();
    try {
      return await within(endsAtMs - performance.now(), connecting);
    } catch (error) {
      connecting.then((connection) => connection.release(false), ignore);
      throw error;
    }
  }

  private open(connection: PostgresConnectionOptions, max: number): Pool {
    const { timeoutMs, sockets } = this;
    // The pool itself has no time limit: it would count the wait for a connection that others use.
    class BoundedClient extends pg.Client {
      constructor(given: object) {
        super({ ...given, connectionTimeoutMillis: timeoutMs });
        // In use it has no listener of the pool's, and a server that dies then would end the process; its query fails anyway.
        this.on('error', () => undefined);
      }
    }
    const config = {
      keepAlive: true,
      application_name: 'nestjs-dispatch',
      stream: () => tracked(sockets),
      ...connection,
    };
    this.makeClient = () => new BoundedClient(config);
    // What pg takes beyond what its types say is in its documentation.
    return new pg.Pool({ ...config, max, Client: BoundedClient } as unknown as pg.PoolConfig);
  }
}

function dedicated(client: object, end: () => void): DedicatedConnection {
  // Clients of pg, in a pool or not, have these two methods, with types that say more of them.
  const { query, on } = client as Pick<DedicatedConnection, 'query' | 'on'>;
  return { query: query.bind(client), on: on.bind(client), end };
}

function labelOf(connection: ClientOptions['connection']): string {
  if (isPool(connection)) return 'Postgres';
  const { connectionString = '', host, port } = connection;
  const url = URL.canParse(connectionString) ? new URL(connectionString) : undefined;
  const at = host ?? (url?.hostname || process.env['PGHOST'] || '127.0.0.1');
  return `Postgres at ${at}:${port ?? (url?.port || process.env['PGPORT'] || 5432)}`;
}

function tracked(sockets: Set<Socket>): Socket {
  const socket = new Socket();
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  return socket;
}

/** Takes what somebody else is told too. */
function ignore(): void {}
