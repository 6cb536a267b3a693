import { createHash, randomUUID } from 'node:crypto';

import type {
  FailedOutboxMessage,
  NewOutboxMessage,
  OutboxBatch,
  OutboxCounts,
  OutboxEnd,
  OutboxStore,
  OutboxTake,
} from '../../../index.js';
import { ChannelListener } from '../connection/channel-listener.js';
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
import { Sweep, SWEPT_AT_ONCE } from '../tables/sweep.js';
import {
  columnText,
  failedMessageOf,
  messageOf,
  newRow,
  unreadable,
  type FailedOutboxRow,
  type OutboxRow,
} from './kept-message.js';
import { outboxStatements, type OutboxStatements } from './outbox-sql.js';

/** A hundred years: what is counted back from now must be a time that Postgres knows. */
const MAX_AGE_MS = 36_525 * 86_400_000;
/** How many lanes hold a message that is ready and behind one that is not, before another look is worth nothing. */
const MAX_LOOKS = 4;
/** Of how many batches the lanes are remembered. */
const MAX_HELD = 1000;

/** Options of {@link postgresOutbox}. */
export interface PostgresOutboxOptions extends PostgresStoreOptions {
  /**
   * How long a message is kept that its queue has, in milliseconds from then, for those who look into the table; 0 deletes it with
   * the word that it is sent, which costs the server less than half. Default 0.
   */
  readonly keepSentMs?: number;
  /** How long a message is kept that was set aside, in milliseconds from then, from 1000. Default 2 592 000 000, 30 days. */
  readonly keepFailedMs?: number;
  /** How often what is over is deleted, in milliseconds from 1000, counted from the end of the last time. Default 60 000. */
  readonly sweepEveryMs?: number;
}

/** The lanes that a taker has. */
interface HeldLanes {
  readonly lanes: readonly number[];
  /** By the clock of this process, from before the server was asked. */
  readonly takenAtMs: number;
}

interface Retention {
  readonly keepSentMs: number;
  readonly keepFailedMs: number;
  readonly sweepEveryMs: number;
}

/**
 * Keeps messages that are sent in a transaction of Postgres in a table of the same database, for all processes that share a
 * schema. One store serves one application.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ transactions: { scope }, outbox: { store: postgresOutbox({ connection: pool }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresOutbox(options: PostgresOutboxOptions = {}): OutboxStore {
  const { keepSentMs = 0, keepFailedMs = 30 * 86_400_000, sweepEveryMs = 60_000 } = options ?? {};
  const problems = [
    ...countProblems('keepSentMs', keepSentMs, 0, MAX_AGE_MS),
    ...countProblems('keepFailedMs', keepFailedMs, 1000, MAX_AGE_MS),
    ...countProblems('sweepEveryMs', sweepEveryMs, 1000, MAX_TIMEOUT_MS),
  ];
  const own = ['keepSentMs', 'keepFailedMs', 'sweepEveryMs'];
  const resolved = resolvePostgresOptions('postgresOutbox()', options, { own, problems });
  return new PostgresOutbox(resolved, { keepSentMs, keepFailedMs, sweepEveryMs });
}

class PostgresOutbox implements OutboxStore {
  readonly isShared = true;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly listener: ChannelListener;
  private readonly sweep: Sweep;
  private readonly sql: OutboxStatements;
  private readonly channel: string;
  private readonly held = new Map<string, HeldLanes>();

  constructor(
    options: ResolvedPostgresOptions,
    private readonly retention: Retention,
  ) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'outbox', options);
    this.listener = new ChannelListener(this.client, options.commandTimeoutMs);
    this.sql = outboxStatements(options.schema, retention.keepSentMs > 0);
    this.sweep = new Sweep(retention.sweepEveryMs, () => this.deleteSome());
    // The name of a channel is no longer than that of a schema.
    this.channel = `dispatch_outbox_${createHash('sha256').update(options.schema).digest('hex').slice(0, 16)}`;
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  async add(messages: readonly NewOutboxMessage[], transaction: unknown): Promise<void> {
    await this.tables.ready();
    await queryIn(transaction, this.sql.add, [JSON.stringify(messages.map(newRow)), this.channel]);
  }

  async take({ limit, leaseMs, without = [] }: OutboxTake): Promise<OutboxBatch | undefined> {
    const token = randomUUID();
    const left = without.map(columnText);
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const takenAtMs = performance.now();
      const found = await this.run<{ lane: number }>(this.sql.takeLanes, token, leaseMs, left);
      if (found.length === 0) return undefined;
      const lanes = found.map(({ lane }) => lane);
      const batch = await this.readFirst(token, lanes, { limit, left });
      if (batch !== undefined) {
        this.hold(token, { lanes, takenAtMs });
        return batch;
      }
      // All of it is behind messages that wait, or somebody else was faster.
      await this.run(this.sql.settle, [], token);
    }
    return undefined;
  }

  async settle(batch: OutboxBatch, ends: readonly OutboxEnd[], next?: OutboxTake): Promise<OutboxBatch | undefined> {
    const { token } = batch;
    const refused = refusedOf(batch, ends);
    // First, so that nobody has the lanes before.
    if (refused.length > 0) await this.run(this.sql.refuse, JSON.stringify(refused));
    const sent = ends.flatMap(({ id, status }) => (status === 'sent' ? [id] : []));
    const held = next && this.heldOf(batch, next);
    if (held !== undefined) {
      const { limit } = held;
      const rows = await this.run<OutboxRow>(
        this.sql.settleAndRead,
        sent,
        held.lanes,
        Math.ceil(limit / held.lanes.length),
        (next?.without ?? []).map(columnText),
      );
      const more = await this.batchOf(token, rows.slice(0, limit));
      if (more !== undefined) return more;
    }
    this.held.delete(token);
    await this.run(this.sql.settle, held === undefined ? sent : [], token);
    return next && this.take(next);
  }

  watch(wake: () => void): () => void {
    return this.listener.listen(this.channel, () => wake());
  }

  async counts(): Promise<OutboxCounts> {
    const [row] = await this.run<OutboxCounts & { oldest: number }>(this.sql.counts);
    const { waiting = 0, retrying = 0, oldest = 0, failed = 0 } = row ?? {};
    return { waiting, retrying, oldestWaitingMs: Math.max(0, oldest), failed };
  }

  async failed({ limit, after = '0' }: { limit: number; after?: string }): Promise<readonly FailedOutboxMessage[]> {
    const rows = await this.run<FailedOutboxRow>(this.sql.failed, isId(after) ? after : '0', limit);
    return rows.map(failedMessageOf);
  }

  async retry(ids?: readonly string[]): Promise<number> {
    const known = ids === undefined ? null : ids.filter(isId);
    const [row] = await this.run<{ count: number }>(this.sql.retry, known, this.channel);
    return row?.count ?? 0;
  }

  async close(): Promise<void> {
    await this.sweep.stop();
    await this.listener.close();
    await this.client.close();
  }

  /** What the lanes have that were just taken; where that cannot be read they are free again, and do not wait for the end of the lease. */
  private async readFirst(
    token: string,
    lanes: readonly number[],
    { limit, left }: { readonly limit: number; readonly left: readonly string[] },
  ): Promise<OutboxBatch | undefined> {
    try {
      const rows = await this.run<OutboxRow>(this.sql.read, lanes, Math.ceil(limit / lanes.length), left);
      return await this.batchOf(token, rows.slice(0, limit));
    } catch (error) {
      // Whoever took them is told why they could not be read, which matters more.
      await this.run(this.sql.settle, [], token).catch(() => undefined);
      throw error;
    }
  }

  /** What a process takes and never settles is given up by the lease. */
  private hold(token: string, lanes: HeldLanes): void {
    if (this.held.size >= MAX_HELD) this.held.clear();
    this.held.set(token, lanes);
  }

  /** The lanes of a batch, where it is worth the while to read more of them, and surely nobody else has them. */
  private heldOf({ token, messages }: OutboxBatch, { limit, leaseMs }: OutboxTake) {
    const held = this.held.get(token);
    const isFresh = held !== undefined && performance.now() - held.takenAtMs < leaseMs / 2;
    return isFresh && messages.length >= limit / 2 ? { ...held, limit } : undefined;
  }

  /** Sets aside what cannot be read: no other try would end otherwise. */
  private async batchOf(token: string, rows: readonly OutboxRow[]): Promise<OutboxBatch | undefined> {
    const messages = rows.map(messageOf);
    const bad = rows.filter((_row, index) => messages[index] === undefined);
    if (bad.length > 0) {
      const refused = bad.map(({ id, attempts }) => ({
        id,
        attempts: attempts + 1,
        delayMs: null,
        error: unreadable(),
      }));
      await this.run(this.sql.refuse, JSON.stringify(refused));
    }
    const readable = messages.filter((message) => message !== undefined);
    return readable.length === 0 ? undefined : { token, messages: readable };
  }

  private async deleteSome(): Promise<number> {
    const { keepSentMs, keepFailedMs } = this.retention;
    const { length } = await this.client.query(this.sql.sweepSent, [keepSentMs]);
    return length === SWEPT_AT_ONCE ? length : (await this.client.query(this.sql.sweepFailed, [keepFailedMs])).length;
  }

  private async run<Row>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    await this.tables.ready();
    this.sweep.start();
    return this.client.query<Row>(text, values);
  }
}

/** What was refused, as its statement takes it. */
function refusedOf({ messages }: OutboxBatch, ends: readonly OutboxEnd[]) {
  const refused = ends.filter((end) => end.status !== 'sent');
  if (refused.length === 0) return [];
  const tried = new Map(messages.map(({ id, attempts }) => [id, attempts]));
  return refused.map((end) => {
    const { id, error } = end;
    const attempts = (tried.get(id) ?? 0) + 1;
    return { id, attempts, delayMs: end.status === 'retry' ? end.delayMs : null, error: JSON.stringify(error) };
  });
}

/** Whether a text can be the id of a row: it may have come from a command line. */
function isId(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}
