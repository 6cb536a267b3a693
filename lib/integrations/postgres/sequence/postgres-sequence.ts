import { createHash } from 'node:crypto';

import type { SequenceState, SequenceStore } from '../../../index.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  countProblems,
  MAX_TIMEOUT_MS,
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { PreparedTables } from '../tables/prepared-tables.js';
import { Sweep } from '../tables/sweep.js';
import { sequenceStatements, type SequenceStatements } from './sequence-sql.js';

/** Options of {@link postgresSequence}. */
export interface PostgresSequenceOptions extends PostgresStoreOptions {
  /** How long a stream is kept of which no message comes, in milliseconds from the last one, from 1000. Default 2 592 000 000, 30 days. */
  readonly keepMs?: number;
  /** How often streams that rested longer are deleted, in milliseconds from 1000, counted from the end of the last time. Default 60 000. */
  readonly sweepEveryMs?: number;
}

/**
 * Keeps how far the streams of `@InSequence` handlers are in a table of Postgres, for all processes that share a schema. One
 * store serves one application.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ sequence: { store: postgresSequence({ connection: 'postgres://localhost/shop', migrate: true }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresSequence(options: PostgresSequenceOptions = {}): SequenceStore {
  const { keepMs = 2_592_000_000, sweepEveryMs = 60_000 } = options ?? {};
  const problems = [
    ...countProblems('keepMs', keepMs, 1000, Number.MAX_SAFE_INTEGER),
    ...countProblems('sweepEveryMs', sweepEveryMs, 1000, MAX_TIMEOUT_MS),
  ];
  const resolved = resolvePostgresOptions('postgresSequence()', options, { own: ['keepMs', 'sweepEveryMs'], problems });
  return new PostgresSequenceStore(resolved, keepMs, sweepEveryMs);
}

class PostgresSequenceStore implements SequenceStore {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sweep: Sweep;
  private readonly sql: SequenceStatements;

  constructor(options: ResolvedPostgresOptions, keepMs: number, sweepEveryMs: number) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'sequence', options);
    this.sql = sequenceStatements(options.schema);
    this.sweep = new Sweep(sweepEveryMs, async () => (await this.client.query(this.sql.sweep, [keepMs])).length);
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async arrive(stream: string, sequence: number, first: number): Promise<SequenceState> {
    this.sweep.start();
    const rows = await this.run<{ next: number; held_from: number | null; gap_ms: number }>(
      this.sql.arrive,
      stream,
      sequence,
      first,
    );
    const { next, held_from: heldFrom, gap_ms: gapMs } = rows[0] ?? { next: first, held_from: null, gap_ms: 0 };
    return { next, heldFrom: heldFrom ?? undefined, gapMs };
  }

  async advance(stream: string, from: number, to: number): Promise<boolean> {
    return (await this.run(this.sql.advance, stream, from, to)).length === 1;
  }

  async close(): Promise<void> {
    await this.sweep.stop();
    await this.client.close();
  }

  private async run<Row>(text: string, stream: string, ...values: readonly number[]): Promise<readonly Row[]> {
    await this.tables.ready();
    return this.client.query<Row>(text, [createHash('sha256').update(stream).digest(), ...values]);
  }
}
