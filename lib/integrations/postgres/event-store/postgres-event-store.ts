import { createHash } from 'node:crypto';

import {
  StreamDeletedError,
  type AllPageQuery,
  type EventPage,
  type EventStore,
  type NewEvent,
  type StoreAppendOptions,
  type StoreAppendResult,
  type StoredEvent,
  type StreamFacts,
  type StreamPageQuery,
} from '../../../index.js';
import { ChannelListener } from '../connection/channel-listener.js';
import type { NamedText } from '../connection/named-text.js';
import { PostgresClient } from '../connection/postgres-client.js';
import {
  choiceProblems,
  resolvePostgresOptions,
  type PostgresStoreOptions,
  type ResolvedPostgresOptions,
} from '../connection/postgres-options.js';
import { queryIn, type PostgresTransaction } from '../connection/postgres-transaction.js';
import { StreamClosingError } from '../errors.js';
import { PreparedTables } from '../tables/prepared-tables.js';
import { EventAnnouncements } from './event-announcements.js';
import { eventStoreStatements, type EventStoreStatements } from './event-store-statements.js';
import { PostgresAppends } from './postgres-appends.js';
import { SettledPosition, type Look } from './settled-position.js';
import { storedEvent, type EventRow } from './stored-row.js';

/** Options of {@link postgresEventStore}. */
export interface PostgresEventStoreOptions extends PostgresStoreOptions {
  /**
   * Whether processes tell each other of new events by `NOTIFY` and `LISTEN`, which takes one more connection in a process that
   * subscribes. Where false, subscriptions ask every 100 ms. Default true.
   */
  readonly notifications?: boolean;
  /**
   * Whether statements are kept by the server, for each connection, those of transactions too, so that it reads and plans them once. False is for a proxy that pools
   * by transaction and cannot do that, as PgBouncer before 1.21. Default true.
   */
  readonly preparedStatements?: boolean;
}

interface Closing {
  /** `archived` where it was closed already, and `closed` where it is by this. */
  readonly outcome: 'closed' | 'archived' | 'deleted' | 'none';
}

/** How many positions are looked at for one page, so that a filter which nothing fits holds up nobody. */
const LOOKED_AT_ONCE = 100_000;

/**
 * Keeps events in a table of Postgres, for all processes that share a schema. Appends that are made at the same time share statements;
 * those with a `transaction`, a client of `pg` in one, are part of that. Subscriptions see events in the order of their positions
 * and miss none, however late transactions commit: one that has appended and is still open holds back the events behind its
 * own, and nothing else does. One store serves one application. Needs the primary server: a replica does not know who is writing.
 *
 * `archive()` and `delete()` wait for appends that have begun before, for `commandTimeoutMs` at most: DISPATCH_STREAM_CLOSING says that
 * these have not ended, and to call it again.
 *
 * @example
 * ```ts
 * DispatchModule.forRoot({ eventStore: { store: postgresEventStore({ connection: 'postgres://localhost/shop', migrate: true }) } });
 * ```
 *
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong with the options
 */
export function postgresEventStore(options: PostgresEventStoreOptions = {}): EventStore<PostgresTransaction> {
  const { notifications = true, preparedStatements = true } = options ?? {};
  const problems = [
    ...choiceProblems('notifications', notifications, [true, false]),
    ...choiceProblems('preparedStatements', preparedStatements, [true, false]),
  ];
  const own = ['notifications', 'preparedStatements'];
  const resolved = resolvePostgresOptions('postgresEventStore()', options, { own, problems });
  return new PostgresEventStore(resolved, notifications, preparedStatements);
}

class PostgresEventStore implements EventStore<PostgresTransaction> {
  readonly isShared = true;
  readonly watch?: (wake: () => void) => () => void;
  private readonly client: PostgresClient;
  private readonly tables: PreparedTables;
  private readonly sql: EventStoreStatements;
  private readonly appends: PostgresAppends;
  private readonly announcements: EventAnnouncements | undefined;
  private readonly settled: SettledPosition;
  private readonly timeoutMs: number;

  constructor(options: ResolvedPostgresOptions, notifies: boolean, isPrepared: boolean) {
    const { schema, commandTimeoutMs } = options;
    this.client = new PostgresClient(options);
    this.tables = new PreparedTables(this.client, 'event-store', options);
    this.sql = eventStoreStatements(schema, isPrepared);
    const { client, tables, sql } = this;
    const channel = notifies ? channelOf(schema) : undefined;
    const announcements =
      channel === undefined
        ? undefined
        : new EventAnnouncements(new ChannelListener(client, commandTimeoutMs), channel, () =>
            client.runOnce({ ...sql.notify, values: [channel] }),
          );
    this.announcements = announcements;
    if (announcements !== undefined) this.watch = (wake) => announcements.watch(wake);
    const onAppended = (): void => announcements?.tell();
    this.timeoutMs = commandTimeoutMs;
    this.settled = new SettledPosition(() => this.look());
    this.appends = new PostgresAppends({ client, tables, sql, timeoutMs: commandTimeoutMs, channel, onAppended });
  }

  open(): Promise<void> {
    return this.tables.open();
  }

  append(
    stream: string,
    events: readonly NewEvent[],
    options: StoreAppendOptions<PostgresTransaction>,
  ): Promise<StoreAppendResult> {
    const { transaction, expectedVersion } = options;
    if (transaction === undefined) return this.appends.append(stream, events, expectedVersion);
    return this.appends.appendIn(transaction, stream, events, options);
  }

  async readStreamPage(
    stream: string,
    { from, to, direction, limit, transaction }: StreamPageQuery<PostgresTransaction>,
  ): Promise<readonly StoredEvent[]> {
    const statement = direction === 'forwards' ? this.sql.streamForwards : this.sql.streamBackwards;
    const values = [stream, from, Math.min(to, Number.MAX_SAFE_INTEGER), limit];
    const rows = await this.run<EventRow>(statement, values, transaction);
    if (rows[0]?.name === null) throw new StreamDeletedError(stream);
    return rows.map(storedEvent);
  }

  async readAllPage({ afterPosition, limit, ...filter }: AllPageQuery): Promise<EventPage> {
    const isAsking = afterPosition >= this.settled.position;
    const settled = isAsking ? await this.settled.advance() : this.settled.position;
    if (afterPosition >= settled) return { events: [], position: afterPosition, isEnd: true };
    const end = Math.min(settled, afterPosition + LOOKED_AT_ONCE);
    const { names, categories, archived } = filter;
    const isFiltered = names !== undefined || categories !== undefined || archived === 'exclude';
    const rows = isFiltered
      ? await this.run<EventRow>(this.sql.filteredPage, [
          ...[afterPosition, end, limit],
          ...[names ?? null, categories ?? null, archived !== 'exclude'],
        ])
      : await this.run<EventRow>(this.sql.page, [afterPosition, end, limit]);
    const events = rows.map(storedEvent);
    const last = events.length === limit ? events.at(-1) : undefined;
    const position = last?.position ?? end;
    // Behind what was settled some time ago there may be more by now.
    return { events, position, isEnd: isAsking && position >= settled };
  }

  lastPosition(): Promise<number> {
    return this.settled.advance();
  }

  async streamFacts(stream: string): Promise<StreamFacts | undefined> {
    const [row] = await this.run<{ version: number | string | null; is_archived: boolean; is_deleted: boolean }>(
      this.sql.facts,
      [stream],
    );
    if (row === undefined || row.version === null) return undefined;
    const { version, is_archived: isArchived, is_deleted: isDeleted } = row;
    return { version: Number(version), isArchived, isDeleted };
  }

  async archive(stream: string): Promise<boolean> {
    const outcome = await this.closeStream(stream);
    if (outcome === 'deleted') throw new StreamDeletedError(stream);
    return outcome !== 'none';
  }

  async delete(stream: string): Promise<boolean> {
    const outcome = await this.closeStream(stream);
    if (outcome === 'none') return false;
    // Now that nobody appends to it any more.
    if (outcome !== 'deleted') await this.run(this.sql.close, [stream, true, outcome === 'archived']);
    return true;
  }

  async close(): Promise<void> {
    await this.appends.idle();
    await this.announcements?.close();
    await this.client.close();
  }

  /** Archives a stream, and waits for appends that have begun before and do not know of it: those are done, or refused. */
  private async closeStream(stream: string): Promise<Closing['outcome']> {
    const [row] = await this.run<Closing>(this.sql.close, [stream, false, true]);
    const outcome = row?.outcome ?? 'none';
    const isClosing = outcome === 'closed' || outcome === 'archived';
    if (isClosing && !(await this.settled.writersEnd(this.timeoutMs))) {
      throw new StreamClosingError(stream, this.timeoutMs);
    }
    return outcome;
  }

  private async look(): Promise<Look> {
    const [row] = await this.run<{ position: number | string; writers: readonly string[] }>(this.sql.look, []);
    return { position: Number(row?.position ?? 0), writers: row?.writers ?? [] };
  }

  /** All of these may be repeated. */
  private async run<Row>(
    statement: NamedText,
    values: readonly unknown[],
    transaction?: PostgresTransaction,
  ): Promise<readonly Row[]> {
    await this.tables.ready();
    if (transaction !== undefined) return queryIn<Row>(transaction, statement, values);
    return this.client.run<Row>({ ...statement, values });
  }
}

/** Of a fixed length, since Postgres takes 63 bytes. */
function channelOf(schema: string): string {
  return `dispatch_events_${createHash('sha256').update(schema).digest('hex').slice(0, 16)}`;
}
