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

/** Options of {@link postgresOutbox}. */
export interface PostgresOutboxOptions extends PostgresStoreOptions {
  /** How long a message is kept that its queue has, in milliseconds from then, to be looked at; from 0. Default 3 600 000, 1 hour. */
  readonly keepSentMs?: number;
  /** How long a message is kept that was set aside, in milliseconds from then, from 1000. Default 2 592 000 000, 30 days. */
  readonly keepFailedMs?: number;
  /** How often what is over is deleted, in milliseconds from 1000, counted from the end of the last time. Default 60 000. */
  readonly sweepEveryMs?: number;
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
  const { keepSentMs = 3_600_000, keepFailedMs = 30 * 86_400_000, sweepEveryMs = 60_000 } = options ?? {};
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

  constructor(
    options: ResolvedPostgresOptions,
    private readonly retention: Retention,
  ) {
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'outbox', options);
    this.listener = new ChannelListener(this.client, options.commandTimeoutMs);
    this.sql = outboxStatements(options.schema);
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

  async take({ limit, leaseMs }: OutboxTake): Promise<OutboxBatch | undefined> {
    const token = randomUUID();
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const lanes = await this.run<{ lane: number }>(this.sql.takeLanes, token, leaseMs);
      if (lanes.length === 0) return undefined;
      const perLane = Math.ceil(limit / lanes.length);
      const rows = await this.run<OutboxRow>(
        this.sql.read,
        lanes.map(({ lane }) => lane),
        perLane,
      );
      const messages = await this.readable(rows.slice(0, limit));
      if (messages.length > 0) return { token, messages };
      // All of it is behind messages that wait, or somebody else was faster.
      await this.run(this.sql.settle, [], token);
    }
    return undefined;
  }

  async settle({ token, messages }: OutboxBatch, ends: readonly OutboxEnd[]): Promise<void> {
    const tried = new Map(messages.map(({ id, attempts }) => [id, attempts]));
    const refused = ends.flatMap((end) => {
      if (end.status === 'sent') return [];
      const { id, error } = end;
      const attempts = (tried.get(id) ?? 0) + 1;
      return [{ id, attempts, delayMs: end.status === 'retry' ? end.delayMs : null, error: JSON.stringify(error) }];
    });
    // First, so that nobody has the lanes before.
    if (refused.length > 0) await this.run(this.sql.refuse, JSON.stringify(refused));
    const sent = ends.flatMap(({ id, status }) => (status === 'sent' ? [id] : []));
    await this.run(this.sql.settle, sent, token);
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

  /** Sets aside what cannot be read: no other try would end otherwise. */
  private async readable(rows: readonly OutboxRow[]) {
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
    return messages.filter((message) => message !== undefined);
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

/** Whether a text can be the id of a row: it may have come from a command line. */
function isId(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}
