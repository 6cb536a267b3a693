import { createHash } from 'node:crypto';

import type {
  ClaimResult,
  IdempotencyClaim,
  IdempotencyCompletion,
  IdempotencyStore,
  ReleasedFailure,
} from '../../../index.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  countProblems,
  MAX_TIMEOUT_MS,
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { queryIn } from '../connection/postgres-transaction.js';
import { PreparedTables } from '../tables/prepared-tables.js';
import { Sweep } from '../tables/sweep.js';
import { idempotencyStatements, type IdempotencyStatements } from './idempotency-sql.js';

/** Options of {@link postgresIdempotency}. */
export interface PostgresIdempotencyOptions extends PostgresStoreOptions {
  /** How often rows whose time is over are deleted, in milliseconds from 1000, counted from the end of the last time. Default 60 000. */
  readonly sweepEveryMs?: number;
  /**
   * Whether results of handlers that are `@Transactional` too are kept in their transactions, and so are there if, and only if, what the handler wrote
   * is. The scope of the transactions must be on this database. Default false: they are kept after the commit.
   */
  readonly inTransactions?: boolean;
}

/**
 * Keeps idempotent calls in a table of Postgres, for all processes that share a schema. Those who wait ask again. One store
 * serves one application.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ idempotency: { store: postgresIdempotency({ connection: 'postgres://localhost/shop', migrate: true }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresIdempotency(options: PostgresIdempotencyOptions = {}): IdempotencyStore {
  const sweepEveryMs = options?.sweepEveryMs ?? 60_000;
  const inTransactions: unknown = options?.inTransactions ?? false;
  const problems = countProblems('sweepEveryMs', sweepEveryMs, 1000, MAX_TIMEOUT_MS);
  if (typeof inTransactions !== 'boolean') {
    problems.push(`has inTransactions ${JSON.stringify(inTransactions)}, not true or false`);
  }
  const own = ['sweepEveryMs', 'inTransactions'];
  const resolved = resolvePostgresOptions('postgresIdempotency()', options, { own, problems });
  return inTransactions === true
    ? new EnlistedIdempotencyStore(resolved, sweepEveryMs)
    : new PostgresIdempotencyStore(resolved, sweepEveryMs);
}

class PostgresIdempotencyStore implements IdempotencyStore {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sweep: Sweep;
  protected readonly sql: IdempotencyStatements;

  constructor(options: ResolvedPostgresOptions, sweepEveryMs: number) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'idempotency', options);
    this.sql = idempotencyStatements(options.schema);
    this.sweep = new Sweep(sweepEveryMs, async () => (await this.client.query(this.sql.sweep)).length);
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async claim({ key, token, lockMs, isWaiting }: IdempotencyClaim): Promise<ClaimResult> {
    this.sweep.start();
    // The statement returns one of the three states, and a text where the state has an outcome.
    const rows = await this.run<{ status: 'claimed' | 'completed' | 'failed'; outcome: string | null }>(
      this.sql.claim,
      key,
      token,
      lockMs,
      isWaiting,
    );
    const [row] = rows;
    if (row === undefined) return { status: 'running' };
    return row.status === 'claimed' ? { status: 'claimed' } : { status: row.status, outcome: row.outcome ?? '' };
  }

  async renew(key: string, token: string, lockMs: number): Promise<boolean> {
    return (await this.run(this.sql.renew, key, token, lockMs)).length === 1;
  }

  async complete(key: string, token: string, outcome: string, ttlMs: number): Promise<boolean> {
    return (await this.run(this.sql.complete, key, token, outcome, ttlMs)).length === 1;
  }

  async release(key: string, token: string, failure?: ReleasedFailure): Promise<void> {
    if (failure === undefined) await this.run(this.sql.free, key, token);
    else await this.run(this.sql.fail, key, token, failure.outcome, failure.keepMs);
  }

  async close(): Promise<void> {
    await this.sweep.stop();
    await this.client.close();
  }

  private async run<Row>(text: string, key: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    await this.tables.ready();
    return this.client.query<Row>(text, [hashOf(key), ...values]);
  }
}

/** Its tables are ready when a call completes: it has been claimed before. */
class EnlistedIdempotencyStore extends PostgresIdempotencyStore {
  async completeIn({ key, token, outcome, ttlMs }: IdempotencyCompletion, transaction: unknown): Promise<boolean> {
    return (await queryIn(transaction, this.sql.complete, [hashOf(key), token, outcome, ttlMs])).length === 1;
  }
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
