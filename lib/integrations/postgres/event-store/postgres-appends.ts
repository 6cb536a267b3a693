import type { AppendResult, ExpectedVersion, NewEvent } from '../../../index.js';
import { isRefusal } from '../connection/outage.js';
import type { PostgresClient, Statement } from '../connection/postgres-client.js';
import { queryIn } from '../connection/postgres-transaction.js';
import { PostgresUnavailableError } from '../errors.js';
import type { PreparedTables } from '../tables/prepared-tables.js';
import type { EventStoreStatements } from './event-store-statements.js';
import { StreamLanes } from './stream-lanes.js';
import {
  givenAppend,
  resultOf,
  valuesOfAppend,
  valuesOfMany,
  valuesOfOne,
  valuesOfSeveral,
  type GivenAppend,
  type OutcomeRow,
  type WaitingAppend,
} from './waiting-append.js';

/** What appends are made of. */
export interface AppendParts {
  readonly client: PostgresClient;
  readonly tables: PreparedTables;
  readonly sql: EventStoreStatements;
  /** How long the server may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Where appends in transactions of callers are told; undefined where they are not. */
  readonly channel: string | undefined;
  /** Called when events have been appended in no transaction of a caller. */
  readonly onAppended: () => void;
}

interface AppendedRow {
  readonly stream: string;
  readonly version: number | string;
  readonly position: number | string;
}

/**
 * Appends. One statement writes all that was asked for in one turn, or while the one before was under way. It waits for nobody: what it
 * leaves out, since somebody else is changing the stream, or the version is not the expected one, is appended by itself, and only that
 * waits, and fails. A statement that was sent and not answered is not repeated.
 */
export class PostgresAppends {
  private readonly lanes = new StreamLanes();
  private isWriting = false;
  /** What the last statement met, where that was no server. */
  private outage: PostgresUnavailableError | undefined;
  private readonly underWay = new Set<Promise<void>>();

  constructor(private readonly parts: AppendParts) {}

  /** Appends what has passed `checkAppend()`. Those of one stream are done in the order of the calls. */
  async append(stream: string, events: readonly NewEvent[], expectedVersion: ExpectedVersion): Promise<AppendResult> {
    const given = givenAppend(stream, events, expectedVersion);
    return new Promise((resolve, reject) => {
      this.lanes.add({ ...given, askedAtMs: performance.now(), resolve, reject });
      this.start();
    });
  }

  /**
   * Appends in the transaction of the caller, at once; there it may have to wait for whoever is changing the stream.
   *
   * @throws what `EventStore#append` does, DISPATCH_FOREIGN_TRANSACTION
   */
  async appendIn(
    transaction: unknown,
    stream: string,
    events: readonly NewEvent[],
    expectedVersion: ExpectedVersion,
  ): Promise<AppendResult> {
    const { sql, tables, channel } = this.parts;
    const given = givenAppend(stream, events, expectedVersion);
    await tables.ready();
    const rows = await queryIn<OutcomeRow>(transaction, sql.append.text, valuesOfAppend(given, { channel }));
    return resultOf(given, rows);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private start(): void {
    if (!this.isWriting) this.track(this.writeWaiting());
  }

  /** Keeps in mind what never rejects: every append is told how it has fared. */
  private track(work: Promise<void>): void {
    const tracked = work.finally(() => this.underWay.delete(tracked));
    this.underWay.add(tracked);
  }

  private async writeWaiting(): Promise<void> {
    this.isWriting = true;
    try {
      // What is asked for in the same turn comes in meanwhile.
      await this.parts.tables.ready();
      for (let batch = this.lanes.take(); batch.length > 0; batch = this.lanes.take()) await this.writeTogether(batch);
    } catch (error) {
      for (const append of this.lanes.takeAll()) append.reject(error);
    }
    this.isWriting = false;
  }

  private async writeTogether(taken: readonly WaitingAppend[]): Promise<void> {
    const batch = taken.filter((append) => !this.isGivenUp(append));
    let results: ReadonlyMap<string, AppendResult> = new Map();
    try {
      results = await this.writeAtOnce(batch.filter(({ events }) => events.length > 0));
    } catch (error) {
      // Else nothing was written because of one of them, and they find out by themselves because of which.
      if (!isRefusal(error)) {
        this.outage = error instanceof PostgresUnavailableError ? error : undefined;
        for (const append of batch) this.settle(append, () => append.reject(error));
        return;
      }
    }
    if (batch.length > 0) this.outage = undefined;
    for (const append of batch) {
      const result = results.get(append.stream);
      if (result === undefined) this.track(this.writeAlone(append));
      else this.settle(append, () => append.resolve(result));
    }
    if (results.size > 0) this.parts.onAppended();
  }

  /** Where the server is away, what has waited its time for those before it is told the same, and is not sent. */
  private isGivenUp(append: WaitingAppend): boolean {
    const { outage } = this;
    if (outage === undefined || leftMs(append, this.parts.timeoutMs) > 0) return false;
    this.settle(append, () => append.reject(outage));
    return true;
  }

  private async writeAtOnce(batch: readonly WaitingAppend[]): Promise<ReadonlyMap<string, AppendResult>> {
    const results = new Map<string, AppendResult>();
    if (batch.length === 0) return results;
    const rows = await this.parts.client.runOnce<AppendedRow>(this.statementFor(batch));
    // The last event of a stream is the one that stays.
    for (const row of rows) {
      results.set(row.stream, { version: Number(row.version), position: Number(row.position) });
    }
    return results;
  }

  private statementFor(batch: readonly GivenAppend[]): Statement {
    const { sql } = this.parts;
    const [append] = batch;
    if (batch.length !== 1 || append === undefined) return { ...sql.appendMany, values: valuesOfMany(batch) };
    const [event] = append.events;
    return append.events.length === 1 && event !== undefined
      ? { ...sql.appendOne, values: valuesOfOne(append, event) }
      : { ...sql.appendSeveral, values: valuesOfSeveral(append) };
  }

  private async writeAlone(append: WaitingAppend): Promise<void> {
    const { client, sql, timeoutMs, onAppended } = this.parts;
    try {
      // A little less than the client waits, so that the server says that it has given up; what has waited before waits that much less.
      const waitMs = Math.max(1, Math.floor(leftMs(append, timeoutMs * 0.9)));
      const values = valuesOfAppend(append, { waitMs });
      const result = resultOf(append, await client.runOnce<OutcomeRow>({ ...sql.append, values }));
      this.settle(append, () => append.resolve(result));
      if (result.position > 0) onAppended();
    } catch (error) {
      this.settle(append, () => append.reject(error));
    }
    this.start();
  }

  private settle(append: WaitingAppend, tell: () => void): void {
    this.lanes.end(append);
    tell();
  }
}

/** How much is left to an append of a time that is counted from the call, in milliseconds. */
function leftMs({ askedAtMs }: WaitingAppend, timeoutMs: number): number {
  return askedAtMs + timeoutMs - performance.now();
}
