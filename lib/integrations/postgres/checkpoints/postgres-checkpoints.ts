import type {
  CheckpointStore,
  NewTarget,
  OwnedTarget,
  Ownership,
  ParkedEvent,
  ParkedFilter,
  ParkedQuery,
  ParkedRecord,
  TargetKey,
  TargetRecord,
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
import { parkedOf, storable, targetOf, type ParkedRow, type TargetRow } from './checkpoint-rows.js';
import { checkpointStatements, type CheckpointStatements } from './checkpoints-sql.js';

/** Options of {@link postgresCheckpoints}. */
export interface PostgresCheckpointsOptions extends PostgresStoreOptions {
  /**
   * How long the transaction of a batch may be without a statement before the server ends it, in milliseconds from 1000: so long does a
   * process that was stopped or cut off within one keep the next owner waiting, beside its lease. Default 30 000.
   */
  readonly idleInTransactionMs?: number;
}

/**
 * Keeps checkpoints of projections in tables of Postgres, for all processes that share a schema. In transactions of the same database it is
 * written together with the read models.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({
 *   transactions: { scope },
 *   projections: { checkpoints: postgresCheckpoints({ connection: pool, migrate: true }) },
 * });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresCheckpoints(options: PostgresCheckpointsOptions = {}): CheckpointStore {
  const idleMs = options?.idleInTransactionMs ?? 30_000;
  const problems = countProblems('idleInTransactionMs', idleMs, 1000, MAX_TIMEOUT_MS);
  const resolved = resolvePostgresOptions('postgresCheckpoints()', options, {
    own: ['idleInTransactionMs'],
    problems,
  });
  return new PostgresCheckpoints(resolved, String(idleMs));
}

type Values = readonly unknown[];

class PostgresCheckpoints implements CheckpointStore {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sql: CheckpointStatements;

  constructor(
    options: ResolvedPostgresOptions,
    private readonly idleMs: string,
  ) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'checkpoints', options);
    this.sql = checkpointStatements(options.schema);
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async targets(projection?: string): Promise<readonly TargetRecord[]> {
    return (await this.rows<TargetRow>(this.sql.targets, [projection ?? null])).map(targetOf);
  }

  async begin({ version, isActive, ...key }: NewTarget, transaction?: unknown): Promise<boolean> {
    return this.isDone(this.sql.begin, [...keyOf(key), version, isActive], transaction);
  }

  async acquire(ownership: Ownership, leaseMs: number): Promise<OwnedTarget | undefined> {
    const isOwner = await this.isDone(this.sql.acquire, [...ownerOf(ownership), leaseMs]);
    if (!isOwner) return undefined;
    // By itself: a statement that waited for the last batch of the owner before would still see what was there before that.
    const [row] = await this.rows<TargetRow>(this.sql.start, keyOf(ownership));
    return row && { position: Number(row.position), replayUntil: Number(row.replay_until) };
  }

  async renew(ownership: Ownership, leaseMs: number): Promise<boolean> {
    return this.isDone(this.sql.renew, [...ownerOf(ownership), leaseMs]);
  }

  async release(ownership: Ownership): Promise<void> {
    await this.rows(this.sql.release, ownerOf(ownership));
  }

  async save(ownership: Ownership, position: number, transaction?: unknown): Promise<boolean> {
    return this.isDone(this.sql.save, [...ownerOf(ownership), position, this.idleMs], transaction);
  }

  async stop(ownership: Ownership, reason: string): Promise<boolean> {
    return this.isDone(this.sql.stop, [...ownerOf(ownership), storable(reason)]);
  }

  async resume(projection: string): Promise<boolean> {
    return this.isDone(this.sql.resume, [projection]);
  }

  async lockActive(projection: string, transaction?: unknown): Promise<number | undefined> {
    const [row] = await this.rows<TargetRow>(this.sql.lockActive, [projection], transaction);
    return row && Number(row.position);
  }

  async promote(ownership: Ownership, transaction?: unknown): Promise<boolean> {
    return this.isDone(this.sql.promote, ownerOf(ownership), transaction);
  }

  async reset(target: TargetKey, transaction?: unknown): Promise<boolean> {
    return this.isDone(this.sql.reset, keyOf(target), transaction);
  }

  async remove(target: TargetKey, transaction?: unknown): Promise<boolean> {
    return this.isDone(this.sql.remove, keyOf(target), transaction);
  }

  async park(ownership: Ownership, event: ParkedEvent, transaction?: unknown): Promise<boolean> {
    const { position, stream, version, eventId, name, error, isStreamParked } = event;
    const values = [position, stream, version, eventId, name, storable(error), isStreamParked];
    return this.isDone(this.sql.park, [...ownerOf(ownership), ...values], transaction);
  }

  async unpark(ownership: Ownership, position: number, transaction?: unknown): Promise<boolean> {
    return this.isDone(this.sql.unpark, [...ownerOf(ownership), position], transaction);
  }

  async parked({ afterPosition, limit, ...filter }: ParkedQuery): Promise<readonly ParkedRecord[]> {
    const rows = await this.rows<ParkedRow>(this.sql.parked, [...valuesOf(filter), afterPosition, limit]);
    return rows.map(parkedOf);
  }

  async discardParked(filter: ParkedFilter): Promise<number> {
    const { length } = await this.rows(this.sql.discardParked, valuesOf(filter));
    if (length === 0) return 0;
    // It may have waited for a transaction, and does not see what that has parked: it is as old as its beginning.
    return length + (await this.rows(this.sql.discardParked, valuesOf(filter))).length;
  }

  async parkedStreams(target: TargetKey, transaction?: unknown): Promise<readonly string[]> {
    const statement = transaction === undefined ? this.sql.parkedStreams : this.sql.lockParkedStreams;
    const rows = await this.rows<{ stream: string }>(statement, keyOf(target), transaction);
    return rows.map(({ stream }) => stream);
  }

  async requestRetry(filter: ParkedFilter): Promise<number> {
    return (await this.rows(this.sql.requestRetry, valuesOf(filter))).length;
  }

  async toRetry(target: TargetKey, limit: number, afterPosition = 0): Promise<readonly ParkedRecord[]> {
    return (await this.rows<ParkedRow>(this.sql.toRetry, [...keyOf(target), limit, afterPosition])).map(parkedOf);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private async isDone(text: string, values: Values, transaction?: unknown): Promise<boolean> {
    return (await this.rows(text, values, transaction)).length > 0;
  }

  private async rows<Row>(text: string, values: Values, transaction?: unknown): Promise<readonly Row[]> {
    await this.tables.ready();
    return transaction === undefined ? this.client.query<Row>(text, values) : queryIn<Row>(transaction, text, values);
  }
}

function keyOf({ projection, target }: TargetKey): Values {
  return [projection, target];
}

function ownerOf({ projection, target, token }: Ownership): Values {
  return [projection, target, token];
}

function valuesOf({ projection, target = null, stream = null }: ParkedFilterValues): Values {
  return [projection, target, stream];
}

type ParkedFilterValues = { readonly [Name in keyof ParkedFilter]: ParkedFilter[Name] | null };
