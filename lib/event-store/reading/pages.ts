import { describeValue } from '../../common/describe-value.js';
import { MAX_TIMEOUT_MS } from '../../common/timeout.js';
import { streamNameProblem } from '../append-check.js';
import { InvalidReadError } from '../errors.js';
import type { EventFilter, EventPage, EventStore, StoredEvent } from '../event-store.port.js';
import { Bell } from './bell.js';

/** What every way to read has in common. */
export interface PageOptions {
  /** How many events are fetched at once, from 1 to 10 000; twice as many may be held. Default 500. */
  readonly pageSize?: number | undefined;
}

/** Which part of a stream to read, and how. */
export interface ReadStreamOptions<Transaction = unknown> extends PageOptions {
  /** The lowest version to read, whatever the direction; from 1. Default 1. */
  readonly from?: number | undefined;
  /** The highest version to read, whatever the direction; from 1. Default: the last. */
  readonly to?: number | undefined;
  /** `'backwards'` gives the newest first. Default `'forwards'`. */
  readonly direction?: 'forwards' | 'backwards' | undefined;
  /** The most events to read, from 1. Default: all. */
  readonly limit?: number | undefined;
  /** Reads in the caller's own transaction, where the store takes one. */
  readonly transaction?: Transaction | undefined;
}

/** Which of all events to read, and how. */
export interface ReadAllOptions extends EventFilter, PageOptions {
  /** Only events behind this position, from 0. Default 0: from the first. */
  readonly afterPosition?: number | undefined;
  /** The most events to read, from 1. Default: all there are. */
  readonly limit?: number | undefined;
}

/** Which events to follow, and how. */
export interface SubscribeOptions extends EventFilter, PageOptions {
  /** Only events behind this position, from 0; `'end'` means those that come after the first is asked for. Default 0. */
  readonly afterPosition?: number | 'end' | undefined;
  /** Ends the subscription, also while it waits: the iteration is over then, without an error. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait before asking again where the store has not said that there is something new, in milliseconds from when
   * there was nothing, from 1. Default 1000, and 100 for a store that never says so.
   */
  readonly pollIntervalMs?: number | undefined;
}

const DEFAULT_PAGE_SIZE = 500;
const MAX_PAGE_SIZE = 10_000;

/** The pages of a stream, one at a time. @throws DISPATCH_INVALID_READ, DISPATCH_STREAM_DELETED */
export async function* pagesOfStream<Transaction>(
  store: EventStore<Transaction>,
  stream: string,
  options: ReadStreamOptions<Transaction> = {},
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  const { from = 1, to = Infinity, direction = 'forwards', limit = Infinity, transaction } = options;
  const { pageSize = DEFAULT_PAGE_SIZE } = options;
  assertRead([
    streamNameProblem(stream),
    wholeNumberProblem('"from"', from, 1),
    wholeNumberProblem('"to"', to, 1, Infinity),
    wholeNumberProblem('"limit"', limit, 1, Infinity),
    wholeNumberProblem('"pageSize"', pageSize, 1, MAX_PAGE_SIZE),
    directionProblem(direction),
  ]);
  let [lowest, highest, left] = [from, to, limit];
  while (left > 0 && lowest <= highest) {
    const size = Math.min(pageSize, left);
    const query = { from: lowest, to: highest, direction, limit: size };
    const page = await store.readStreamPage(stream, transaction === undefined ? query : { ...query, transaction });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < size) return;
    left -= page.length;
    if (direction === 'forwards') lowest = last.version + 1;
    else highest = last.version - 1;
  }
}

/** The pages of all events there are now, one at a time; two are held. @throws DISPATCH_INVALID_READ */
export async function* pagesOfAll(
  store: EventStore,
  options: ReadAllOptions = {},
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  const { afterPosition = 0, limit = Infinity, pageSize = DEFAULT_PAGE_SIZE } = options;
  assertRead([
    wholeNumberProblem('"afterPosition"', afterPosition, 0),
    wholeNumberProblem('"limit"', limit, 1, Infinity),
    wholeNumberProblem('"pageSize"', pageSize, 1, MAX_PAGE_SIZE),
    ...filterProblems(options),
  ]);
  const start = { ...filterOf(options), afterPosition, pageSize, readsAhead: true };
  for await (const { events } of pagesToEnd(store, start, limit)) {
    if (events.length > 0) yield events;
  }
}

/**
 * The pages of all events there are and of those that come, until `signal` aborts. It reads on from where it is, page by page,
 * so there is no seam between what was there and what comes, nothing is pushed, and no more than one page is held, however slow
 * its reader: two where it `readsAhead`. A page without events says that everything up to its position has been read.
 *
 * @throws DISPATCH_INVALID_READ, and what the store rejects with; begin anew behind the last position then
 */
export async function* followPages(
  store: EventStore,
  options: SubscribeOptions & { readonly signal: AbortSignal; readonly readsAhead?: boolean },
): AsyncGenerator<EventPage, void, undefined> {
  const { afterPosition = 0, signal, pageSize = DEFAULT_PAGE_SIZE, readsAhead = false } = options;
  const { pollIntervalMs = store.watch === undefined ? 100 : 1000 } = options;
  assertRead([
    afterPosition === 'end' ? undefined : wholeNumberProblem('"afterPosition"', afterPosition, 0),
    wholeNumberProblem('"pageSize"', pageSize, 1, MAX_PAGE_SIZE),
    wholeNumberProblem('"pollIntervalMs"', pollIntervalMs, 1, MAX_TIMEOUT_MS),
    ...filterProblems(options),
  ]);
  const bell = new Bell();
  const endWatch = store.watch?.(() => bell.ring());
  try {
    let after = afterPosition === 'end' ? await store.lastPosition() : afterPosition;
    for (let readAtMs = 0; !signal.aborted;) {
      // Before a page is read: what comes meanwhile must ring again.
      bell.quiet();
      const start = { ...filterOf(options), afterPosition: after, pageSize, readsAhead };
      for await (const page of pagesToEnd(store, start)) {
        if (signal.aborted) return;
        after = page.position;
        readAtMs = performance.now();
        yield page;
        if (signal.aborted) return;
      }
      await bell.wait(readAtMs + pollIntervalMs - performance.now(), signal);
    }
  } catch (error) {
    // A store that is being closed may refuse what was asked of it; nobody waits for it any more.
    if (!signal.aborted) throw error;
  } finally {
    endWatch?.();
  }
}

/** Where to begin, and whether a page is asked for while the one before is worked on, so that store and reader work at the same time. */
interface PagesStart extends EventFilter {
  readonly afterPosition: number;
  readonly pageSize: number;
  readonly readsAhead: boolean;
}

/** The pages up to the end, those without events too. */
async function* pagesToEnd(
  store: EventStore,
  { pageSize, readsAhead, afterPosition, ...filter }: PagesStart,
  limit = Infinity,
): AsyncGenerator<EventPage, void, undefined> {
  let left = limit;
  const read = (after: number): Promise<EventPage> =>
    store.readAllPage({ ...filter, afterPosition: after, limit: Math.min(pageSize, left) });
  let ahead: Promise<EventPage> | undefined;
  for (let after = afterPosition; ;) {
    const page = await (ahead ?? read(after));
    after = page.position;
    left -= page.events.length;
    const isLast = page.isEnd || left <= 0;
    ahead = readsAhead && !isLast ? read(after) : undefined;
    // Who leaves the loop does not wait for it any more, and is not told.
    ahead?.catch(() => undefined);
    yield page;
    if (isLast) return;
  }
}

function filterOf({ names, categories, archived }: EventFilter): EventFilter {
  return {
    ...(names !== undefined && { names }),
    ...(categories !== undefined && { categories }),
    ...(archived !== undefined && { archived }),
  };
}

function assertRead(problems: readonly (string | undefined)[]): void {
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new InvalidReadError(found);
}

function wholeNumberProblem(
  what: string,
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): string | undefined {
  if (value === max || (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max)) return undefined;
  const upTo = max >= Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  return `${what} is ${describeValue(value)}, not a whole number from ${min}${upTo}`;
}

function directionProblem(direction: unknown): string | undefined {
  if (direction === 'forwards' || direction === 'backwards') return undefined;
  return `"direction" is ${describeValue(direction)}, not 'forwards' or 'backwards'`;
}

function filterProblems({ names, categories, archived }: EventFilter): (string | undefined)[] {
  const isKnown = archived === undefined || archived === 'include' || archived === 'exclude';
  return [
    listProblem('"names"', names),
    listProblem('"categories"', categories),
    isKnown ? undefined : `"archived" is ${describeValue(archived)}, not 'include' or 'exclude'`,
  ];
}

function listProblem(what: string, value: unknown): string | undefined {
  const isSound = value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
  return isSound ? undefined : `${what} is not a list of texts`;
}
