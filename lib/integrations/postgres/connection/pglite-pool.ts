import type { PostgresPool } from './postgres-options.js';
import type { PostgresNotification, Statement } from './driver.js';

/** A PGlite, which is Postgres in the process: of the package `@electric-sql/pglite`, as far as it is used here. */
export interface PgliteDatabase {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  /** Runs several statements. */
  exec(text: string): Promise<unknown>;
  onNotification(listener: (channel: string, payload: string) => void): () => void;
}

const POOLS = new WeakSet<object>();

/** Whether a connection was made by {@link pglitePool}. */
export function isPglitePool(connection: unknown): boolean {
  return typeof connection === 'object' && connection !== null && POOLS.has(connection);
}

/**
 * Gives a PGlite the shape of a pool, so that the stores of this package take it as their `connection`. It has one session, so
 * everything waits for everything else: for tests, and for a process that is alone with its data. It stays yours, and open.
 *
 * Transactions are those of `pgliteTransactions(database)`; one that `database.transaction(async (tx) => …)` gives is what the stores take as the caller's, too. A store that has not been opened
 * before must not be used in one: it would wait for the end of the transaction to look at its tables.
 *
 * @example
 * ```ts
 * const store = postgresEventStore({ connection: pglitePool(new PGlite('./data')), migrate: true });
 * ```
 */
export function pglitePool(database: PgliteDatabase): PostgresPool {
  const pool = {
    connect: () => Promise.resolve(new PgliteConnection(database)),
    query: (text: string) => run(database, text, undefined),
    end: () => Promise.resolve(),
    // Nothing of it breaks while it is idle.
    on: () => pool,
    removeListener: () => pool,
  };
  POOLS.add(pool);
  return pool;
}

/** One of any number of connections, which are the same session. */
class PgliteConnection {
  private readonly endings: (() => void)[] = [];

  constructor(private readonly database: PgliteDatabase) {}

  query(statement: string | Statement, values?: readonly unknown[]): Promise<unknown> {
    if (typeof statement === 'string') return run(this.database, statement, values);
    return run(this.database, statement.text, statement.values);
  }

  on(event: string, listener: (notification: PostgresNotification) => void): this {
    if (event === 'notification') {
      this.endings.push(this.database.onNotification((channel, payload) => listener({ channel, payload })));
    }
    return this;
  }

  removeListener(): this {
    return this;
  }

  release(): void {
    for (const end of this.endings.splice(0)) end();
  }
}

async function run(database: PgliteDatabase, text: string, values: readonly unknown[] | undefined): Promise<unknown> {
  if (values !== undefined) return database.query(text, [...values]);
  try {
    await database.exec(text);
    return {};
  } catch (error) {
    // There is no other session to go on with: what has begun a transaction must not leave it open.
    await database.exec('ROLLBACK');
    throw error;
  }
}
