import { isNativeError } from 'node:util/types';

import {
  checkAppend,
  ConcurrencyError,
  StreamArchivedError,
  StreamDeletedError,
  type AppendResult,
  type ExpectedVersion,
  type NewEvent,
  type StoredEvent,
} from '../../../index.js';
import { TransactionConflictError } from '../errors.js';

/**
 * What the server says of a transaction whose snapshot is too old for what was committed since, and of two that wait for each other:
 * unique_violation (that of a stream and its version is the only one there is), serialization_failure, deadlock_detected.
 *
 * @see https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
 */
const CONFLICTS: ReadonlySet<unknown> = new Set(['23505', '40001', '40P01']);

/** An append as the statements take it. */
export interface GivenAppend {
  readonly stream: string;
  readonly expectedVersion: ExpectedVersion;
  /** The same as the statements take it: a version, or a number below zero for a word. */
  readonly expected: number;
  readonly events: readonly NewEvent[];
  /** The metadata of each event as JSON. */
  readonly metadata: readonly string[];
}

/** An append that somebody waits for. */
export interface WaitingAppend extends GivenAppend {
  /** When it was asked for, by the clock that only rises. */
  readonly askedAtMs: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What the function for appends says. */
export interface OutcomeRow {
  readonly outcome: 'appended' | 'conflict' | 'archived' | 'deleted';
  readonly version: number | string;
  readonly position: number | string;
  /** Of each event that was appended, and when, in seconds since 1970. */
  readonly positions: readonly (number | string)[] | null;
  readonly recorded_at: readonly number[] | null;
}

/** An append as the statements take it. @throws DISPATCH_INVALID_APPEND, and TypeError for metadata that JSON cannot hold */
export function givenAppend(
  stream: string,
  events: readonly NewEvent[],
  expectedVersion: ExpectedVersion,
): GivenAppend {
  checkAppend(stream, events, expectedVersion);
  return {
    stream,
    expectedVersion,
    expected: expectedNumber(expectedVersion),
    events,
    metadata: metadataTexts(events),
  };
}

/** Events of one append mostly share their metadata, and one is mostly all there is. */
function metadataTexts(events: readonly NewEvent[]): readonly string[] {
  let [last, text]: [NewEvent | undefined, string] = [undefined, ''];
  return events.map((event) => {
    if (event.metadata !== last?.metadata) text = JSON.stringify(event.metadata);
    last = event;
    return text;
  });
}

/** The values of `appendOne`, for an append of one event. */
export function valuesOfOne({ stream, expected, metadata }: GivenAppend, event: NewEvent): readonly unknown[] {
  const { id, name, schemaVersion, payload } = event;
  return [stream, expected, id, name, schemaVersion, payload, metadata[0]];
}

/** The values of `appendSeveral`. */
export function valuesOfSeveral({ stream, expected, events, metadata }: GivenAppend): readonly unknown[] {
  return [stream, expected, ...eventLists(events, metadata)];
}

/** The values of `appendMany`. */
export function valuesOfMany(appends: readonly GivenAppend[]): readonly unknown[] {
  const [firsts, lasts]: [number[], number[]] = [[], []];
  let count = 0;
  for (const { events } of appends) {
    firsts.push(count + 1);
    lasts.push((count += events.length));
  }
  return [
    appends.map(({ stream }) => stream),
    appends.map(({ expected }) => expected),
    firsts,
    lasts,
    ...eventLists(
      appends.flatMap(({ events }) => events),
      appends.flatMap(({ metadata }) => metadata),
    ),
  ];
}

/** The values of `append`: of one that waits so many milliseconds, or as long as its transaction does, and is told on a channel. */
export function valuesOfAppend(
  { stream, expected, events, metadata }: GivenAppend,
  { waitMs, channel }: { readonly waitMs?: number; readonly channel?: string | undefined },
): readonly unknown[] {
  const wait = waitMs === undefined ? null : `${waitMs}`;
  return [stream, expected, ...eventLists(events, metadata), wait, channel ?? null];
}

/**
 * What an append has come to.
 *
 * @throws DISPATCH_CONCURRENCY, DISPATCH_STREAM_ARCHIVED, DISPATCH_STREAM_DELETED
 */
export function resultOf({ stream, expectedVersion }: GivenAppend, rows: readonly OutcomeRow[]): AppendResult {
  const [row] = rows;
  switch (row?.outcome) {
    case 'appended':
      return { version: Number(row.version), position: Number(row.position) };
    case 'archived':
      throw new StreamArchivedError(stream);
    case 'deleted':
      throw new StreamDeletedError(stream);
    default:
      throw new ConcurrencyError(stream, expectedVersion, Number(row?.version));
  }
}

/** What an append in the transaction of a caller has failed with. */
export function failureIn({ stream }: GivenAppend, error: unknown): unknown {
  const isConflict = isNativeError(error) && 'code' in error && CONFLICTS.has(error.code);
  return isConflict ? new TransactionConflictError(stream, { cause: error }) : error;
}

/** What was appended, as a page of the stream would give it. */
export function storedEvents({ stream, events }: GivenAppend, [row]: readonly OutcomeRow[]): readonly StoredEvent[] {
  const { positions, recorded_at: times } = row ?? {};
  const before = Number(row?.version) - events.length;
  return events.map((event, index) => ({
    ...event,
    stream,
    version: before + index + 1,
    position: Number(positions?.[index]),
    recordedAt: new Date((times?.[index] ?? Number.NaN) * 1000),
  }));
}

function eventLists(events: readonly NewEvent[], metadata: readonly string[]): readonly unknown[] {
  return [
    events.map(({ id }) => id),
    events.map(({ name }) => name),
    events.map(({ schemaVersion }) => schemaVersion),
    events.map(({ payload }) => payload),
    metadata,
  ];
}

function expectedNumber(expected: ExpectedVersion): number {
  switch (expected) {
    case 'any':
      return -1;
    case 'exists':
      return -2;
    case 'none':
      return 0;
    default:
      return expected;
  }
}
