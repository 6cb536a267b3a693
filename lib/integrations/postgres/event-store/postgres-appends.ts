import type { AppendResult, ExpectedVersion, NewEvent, StoreAppendOptions, StoreAppendResult } from '../../../index.js';
import { isRefusal } from '../connection/outage.js';
import type { Statement } from '../connection/driver.js';
import type { NamedText } from '../connection/named-text.js';
import type { PostgresClient } from '../connection/postgres-client.js';
import { queryIn } from '../connection/postgres-transaction.js';
import { PostgresUnavailableError } from '../errors.js';
import type { PreparedTables } from '../tables/prepared-tables.js';
import type { EventStoreStatements } from './event-store-statements.js';
import { StreamLanes } from './stream-lanes.js';
import {
  failureIn,
  givenAppend,
  resultOf,
  storedEvents,
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

interface PositionRow {
  readonly position: number | string;
}

interface AppendedRow extends PositionRow {
  readonly stream: string;
  readonly version: number | string;
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
  private writing: Promise<void> | undefined;
  private readonly alone = new Set<Promise<void>>();

  constructor(private readonly parts: AppendParts) {}

  /** Appends what has passed `checkAppend()`. Those of one stream are done in the order of the calls. */
  append(stream: string, events: readonly NewEvent[], expectedVersion: ExpectedVersion): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const { expected, metadata } = givenAppend(stream, events, expectedVersion);
      const askedAtMs = performance.now();
      this.lanes.add({ stream, expectedVersion, expected, events, metadata, askedAtMs, resolve, reject });
      this.start();
    });
  }

  /**
   * Appends in the transaction of the caller, at once; there it may have to wait for whoever is changing the stream.
   *
   * @throws what `EventStore#append` does, DISPATCH_FOREIGN_TRANSACTION, DISPATCH_TRANSACTION_CONFLICT
   */
  async appendIn(
    transaction: unknown,
    stream: string,
    events: readonly NewEvent[],
    { expectedVersion, returnsEvents }: StoreAppendOptions,
  ): Promise<StoreAppendResult> {
    const { sql, tables, channel } = this.parts;
    const given = givenAppend(stream, events, expectedVersion);
    await tables.ready();
    try {
      const rows = await queryIn<OutcomeRow>(transaction, sql.append, valuesOfAppend(given, { channel }));
      const result = resultOf(given, rows);
      return returnsEvents === true ? { ...result, events: storedEvents(given, rows) } : result;
    } catch (error) {
      throw failureIn(given, error);
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.isWriting || this.alone.size > 0) await Promise.all([this.writing, ...this.alone]);
  }

  /** None of what is under way rejects: every append is told how it has fared. */
  private start(): void {
    if (!this.isWriting) this.writing = this.writeWaiting();
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
    const batch = this.outage === undefined ? taken : taken.filter((append) => !this.isGivenUp(append));
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
      if (result === undefined) this.leaveAlone(append);
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

  /** What was appended, by stream; what is not in there was left out. */
  private async writeAtOnce(batch: readonly GivenAppend[]): Promise<ReadonlyMap<string, AppendResult>> {
    const { client, sql } = this.parts;
    const [first] = batch;
    const results = new Map<string, AppendResult>();
    if (first === undefined) return results;
    if (batch.length === 1 && first.expected >= 0) {
      const { stream, expected, events } = first;
      const last = (await client.runOnce<PositionRow>(exactAppend(sql, first))).at(-1);
      if (last !== undefined) {
        results.set(stream, { version: expected + events.length, position: Number(last.position) });
      }
      return results;
    }
    const rows = await client.runOnce<AppendedRow>(statement(sql.appendMany, valuesOfMany(batch)));
    // The last event of a stream is the one that stays.
    for (const { stream, version, position } of rows) {
      results.set(stream, { version: Number(version), position: Number(position) });
    }
    return results;
  }

  private leaveAlone(append: WaitingAppend): void {
    const writing = this.writeAlone(append).finally(() => this.alone.delete(writing));
    this.alone.add(writing);
  }

  private async writeAlone(append: WaitingAppend): Promise<void> {
    const { client, sql, timeoutMs, onAppended } = this.parts;
    try {
      // A little less than the client waits, so that the server says that it has given up; what has waited before waits that much less.
      const waitMs = Math.max(1, Math.floor(leftMs(append, timeoutMs * 0.9)));
      const values = valuesOfAppend(append, { waitMs });
      const result = resultOf(append, await client.runOnce<OutcomeRow>(statement(sql.append, values)));
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

/** An append to a stream that is to have a certain version. */
function exactAppend(sql: EventStoreStatements, append: GivenAppend): Statement {
  const [event] = append.events;
  return append.events.length === 1 && event !== undefined
    ? statement(sql.appendOne, valuesOfOne(append, event))
    : statement(sql.appendSeveral, valuesOfSeveral(append));
}

function statement({ text, name }: NamedText, values: readonly unknown[]): Statement {
  return { text, name, values };
}

/** How much is left to an append of a time that is counted from the call, in milliseconds. */
function leftMs({ askedAtMs }: WaitingAppend, timeoutMs: number): number {
  return askedAtMs + timeoutMs - performance.now();
}
