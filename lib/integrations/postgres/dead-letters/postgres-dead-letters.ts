import { createHash } from 'node:crypto';

import type {
  DeadLetterStore,
  DroppedLetterHandler,
  KeptDeadLetter,
  KeptLettersOf,
  KeptLettersPage,
  LetterSpot,
} from '../../../index.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  countProblems,
  MAX_TIMEOUT_MS,
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { PreparedTables } from '../tables/prepared-tables.js';
import { Sweep, SWEPT_AT_ONCE } from '../tables/sweep.js';
import { deadLettersStatements, type DeadLettersStatements } from './dead-letters-sql.js';
import { columnText, keptLetter } from './kept-letter.js';

const DAY_MS = 86_400_000;
/** A hundred years: what is counted back from now must be a time that Postgres knows. */
const MAX_AGE_MS = 36_525 * DAY_MS;
/** @see https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LAST_DATE_MS = 8.64e15;
/** What a bigint takes for certain. */
const SPOT = /^\d{1,18}$/;

/** Options of {@link postgresDeadLetters}. */
export interface PostgresDeadLettersOptions extends PostgresStoreOptions {
  /**
   * How long a letter is kept, in milliseconds from when it was parked by the clock of the server, from 1000 to 100 years; after that it
   * counts as gone. Default 2 592 000 000, 30 days.
   */
  readonly maxAgeMs?: number;
  /** How many letters are kept, over all queues, from 1; the oldest goes first, with the next sweep. Default 100 000. */
  readonly max?: number;
  /** How often letters that are too old or too many are deleted, in milliseconds from 1000, counted from the end of the last time. Default 60 000. */
  readonly sweepEveryMs?: number;
}

interface Retention {
  readonly maxAgeMs: number;
  readonly max: number;
  readonly sweepEveryMs: number;
}

/**
 * Keeps dead letters in a table of Postgres, for all processes that share a schema. One store serves one application.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ deadLetters: { store: postgresDeadLetters({ connection: 'postgres://localhost/shop', migrate: true }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresDeadLetters(options: PostgresDeadLettersOptions = {}): DeadLetterStore {
  const { maxAgeMs = 30 * DAY_MS, max = 100_000, sweepEveryMs = 60_000 } = options ?? {};
  const problems = [
    ...countProblems('maxAgeMs', maxAgeMs, 1000, MAX_AGE_MS),
    ...countProblems('max', max, 1, Number.MAX_SAFE_INTEGER),
    ...countProblems('sweepEveryMs', sweepEveryMs, 1000, MAX_TIMEOUT_MS),
  ];
  const own = ['maxAgeMs', 'max', 'sweepEveryMs'];
  const resolved = resolvePostgresOptions('postgresDeadLetters()', options, { own, problems });
  return new PostgresDeadLetterStore(resolved, { maxAgeMs, max, sweepEveryMs });
}

class PostgresDeadLetterStore implements DeadLetterStore {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sweep: Sweep;
  private readonly sql: DeadLettersStatements;
  private tell: DroppedLetterHandler | undefined;

  constructor(
    options: ResolvedPostgresOptions,
    private readonly retention: Retention,
  ) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'dead-letters', options);
    this.sql = deadLettersStatements(options.schema);
    this.sweep = new Sweep(retention.sweepEveryMs, () => this.deleteSome());
  }

  onDropped(tell: DroppedLetterHandler): void {
    this.tell = tell;
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async park(letter: KeptDeadLetter): Promise<void> {
    const { id, queue, place, name, handler, error, lastFailedAt } = letter;
    const columns = [queue, place, name, handler, error.name].map((text) => text && columnText(text));
    await this.run(this.sql.park, hash(id), ...columns, JSON.stringify(letter), lastFailedAt.getTime());
  }

  async page({
    queue,
    place,
    limit,
    after,
  }: KeptLettersPage): Promise<readonly { readonly letter: KeptDeadLetter; readonly spot: LetterSpot }[]> {
    // A cursor may have come over the wire.
    const endMs = after === undefined || after.parkedAtMs > LAST_DATE_MS ? Infinity : Math.max(0, after.parkedAtMs);
    const spot = after !== undefined && SPOT.test(after.key) ? after.key : '0';
    const { maxAgeMs } = this.retention;
    const rows = await this.run<{ letter: string; spot: string }>(
      this.sql.page,
      queue,
      place,
      maxAgeMs,
      limit,
      endMs,
      spot,
    );
    return rows.map((row) => {
      const letter = keptLetter(row.letter);
      return { letter, spot: { parkedAtMs: letter.lastFailedAt.getTime(), key: row.spot } };
    });
  }

  async get(id: string): Promise<KeptDeadLetter | undefined> {
    const [row] = await this.run<{ letter: string }>(this.sql.get, hash(id), this.retention.maxAgeMs);
    return row && keptLetter(row.letter);
  }

  async remove(id: string, lastFailedAt: Date): Promise<boolean> {
    return (await this.run(this.sql.remove, hash(id), lastFailedAt.getTime())).length === 1;
  }

  async count({ queue, place }: KeptLettersOf): Promise<number> {
    const [row] = await this.run<{ count: number }>(this.sql.count, queue, place, this.retention.maxAgeMs);
    return row?.count ?? 0;
  }

  async close(): Promise<void> {
    await this.sweep.stop();
    await this.client.close();
  }

  private async deleteSome(): Promise<number> {
    const { maxAgeMs, max } = this.retention;
    const oldCount = await this.drop(this.sql.sweepOld, maxAgeMs, `older than ${maxAgeMs} ms`);
    return oldCount === SWEPT_AT_ONCE ? oldCount : this.drop(this.sql.sweepSurplus, max, `more than ${max} letters`);
  }

  private async drop(statement: string, bound: number, reason: string): Promise<number> {
    const rows = await this.client.query<{ letter: string }>(statement, [bound]);
    for (const { letter } of rows) this.tell?.(keptLetter(letter), reason);
    return rows.length;
  }

  private async run<Row>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    await this.tables.ready();
    this.sweep.start();
    return this.client.query<Row>(text, values);
  }
}

function hash(id: string): Buffer {
  return createHash('sha256').update(id).digest();
}
