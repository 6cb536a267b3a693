import { Socket } from 'node:net';

import { InvalidQueueOptionsError } from '../../../index.js';
import { isPool, type PostgresConnectionOptions, type ResolvedPostgresOptions } from './postgres-options.js';

/** What a query answers. */
export interface QueryResult {
  readonly rows: readonly unknown[];
  readonly rowCount: number | null;
}

/** One connection of `pg`, as far as it is used here. */
export interface PgConnection {
  query(config: {
    readonly text: string;
    readonly values?: readonly unknown[];
    readonly name?: string;
  }): Promise<QueryResult>;
  on(event: string, listener: (argument: never) => void): unknown;
  removeListener(event: string, listener: (argument: never) => void): unknown;
}

/** A connection with the way to give it back: destroyed where it is broken, or has state that others must not meet. */
export interface Borrowed {
  readonly connection: PgConnection;
  readonly release: (isBroken: boolean) => void;
}

/** Where connections come from. */
export interface Connector {
  /** One for a query. Waits where all are in use. */
  borrow(): Promise<Borrowed>;
  /** One to listen with, for long. */
  dedicate(): Promise<Borrowed>;
  /** Closes what it opened. A server that has not answered after `timeoutMs` is left without a goodbye. */
  close(timeoutMs: number): Promise<void>;
}

interface PgClient extends PgConnection {
  connect(): Promise<void>;
  end(): Promise<void>;
}

interface PgPool {
  connect(): Promise<PgConnection & { release(destroy?: boolean): void }>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

interface PgModule {
  readonly Client: new (config: object) => PgClient;
  readonly Pool: new (config: object) => PgPool;
}

/** Opens connections as the options say, or takes them from the pool that they hold. Loads `pg` when it is first needed. */
export function connectorOf(options: ResolvedPostgresOptions, onError: (error: Error) => void): Connector {
  let made: Promise<Connector> | undefined;
  const connector = (): Promise<Connector> => (made ??= makeConnector(options, onError));
  return {
    borrow: async () => (await connector()).borrow(),
    dedicate: async () => (await connector()).dedicate(),
    close: async (timeoutMs) => (await made)?.close(timeoutMs),
  };
}

async function makeConnector(options: ResolvedPostgresOptions, onError: (error: Error) => void): Promise<Connector> {
  const { connection } = options;
  // The structural type of the option names less of a pool than is used here; only a pool of pg has all it names.
  if (isPool(connection)) return poolConnector(connection as unknown as PgPool, onError, false);
  const { Client, Pool } = await loadPg();
  const sockets = new Set<Socket>();
  const config = { stream: () => tracked(sockets), ...clientConfig(connection, options) };
  const BoundedClient = class extends Client {
    constructor(given: object) {
      super({ ...given, connectionTimeoutMillis: options.availability.connectTimeoutMs });
      // In use it has no listener of the pool's, and a server that dies then would end the process; its query fails anyway.
      this.on('error', () => undefined);
    }
  };
  // The pool itself has no time limit: it would count the wait for a connection that others use.
  const pool = new Pool({ ...config, max: options.maxConnections, Client: BoundedClient });
  const pooled = poolConnector(pool, onError, true);
  return {
    ...pooled,
    async close(timeoutMs) {
      await pooled.close(timeoutMs);
      // Each of them would wait for the server to close its side, and keep the process alive.
      for (const socket of sockets) socket.destroy();
    },
    async dedicate() {
      const client = new BoundedClient(config);
      client.on('error', onError);
      try {
        await client.connect();
      } catch (error) {
        // A client that failed to connect may still hold its socket.
        void client.end().catch(() => undefined);
        throw error;
      }
      // What ends a connection that is lost fails, and there is nobody to tell.
      return { connection: client, release: () => void client.end().catch(() => undefined) };
    },
  };
}

/** The address of the server, without credentials. */
export function labelOf({ connection }: ResolvedPostgresOptions): string {
  if (isPool(connection)) {
    const { options } = connection as { readonly options?: PostgresConnectionOptions };
    return options === undefined || isPool(options) ? 'Postgres' : labelOfOptions(options);
  }
  return labelOfOptions(connection);
}

function labelOfOptions({ connectionString, host, port }: PostgresConnectionOptions): string {
  const url = connectionString === undefined ? undefined : parsedUrl(connectionString);
  const at = host ?? (url?.hostname || process.env['PGHOST'] || '127.0.0.1');
  return `Postgres at ${at}:${port ?? (url?.port || process.env['PGPORT'] || 5432)}`;
}

function parsedUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function poolConnector(pool: PgPool, onError: (error: Error) => void, isOwn: boolean): Connector {
  // A pool whose idle connection breaks tells it to its listeners, and ends the process where it has none.
  pool.on('error', onError);
  const borrow = async (): Promise<Borrowed> => {
    const client = await pool.connect();
    // The pool listens to idle connections only, and a client that nobody listens to ends the process. The query that is
    // under way fails too, and tells.
    client.on('error', ignore);
    return {
      connection: client,
      release: (isBroken) => {
        client.removeListener('error', ignore);
        client.release(isBroken);
      },
    };
  };
  const dedicate = async (): Promise<Borrowed> => {
    const { connection, release } = await borrow();
    connection.on('error', onError);
    // It has listened to channels: the next user of the pool must not get what they carry.
    return { connection, release: () => release(true) };
  };
  return {
    borrow,
    dedicate,
    async close(timeoutMs) {
      pool.removeListener('error', onError);
      if (!isOwn) return;
      pool.on('error', ignore);
      await endedWithin(timeoutMs, pool);
    },
  };
}

/** Takes what somebody else is told too. */
function ignore(): void {}

async function endedWithin(timeoutMs: number, pool: PgPool): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  // There is nobody left to tell that a connection did not end as it should.
  await Promise.race([pool.end().catch(ignore), late]);
  clearTimeout(timer);
}

function tracked(sockets: Set<Socket>): Socket {
  const socket = new Socket();
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  return socket;
}

function clientConfig(connection: PostgresConnectionOptions, { schema }: ResolvedPostgresOptions): object {
  const { options, ...rest } = connection;
  const searchPath = `-c search_path="${schema}"`;
  return {
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'nestjs-dispatch',
    ...rest,
    options: typeof options === 'string' ? `${options} ${searchPath}` : searchPath,
  };
}

async function loadPg(): Promise<PgModule> {
  try {
    const loaded = await import('pg');
    // pg is CommonJS: what it exports is its default export.
    return loaded.default as unknown as PgModule;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidQueueOptionsError('bullmqPostgres()', [
      `need the package "pg", which cannot be loaded (${reason}): npm install pg, or give a pool of it`,
    ]);
  }
}
