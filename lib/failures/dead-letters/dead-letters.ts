import {
  DeadLetterDiscardedNotification,
  DeadLetterReplayedNotification,
} from '../../notifications/dead-letters/dead-letter-notifications.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { checkedFilter, type CheckedFilter, type DeadLetterFilter } from './dead-letter-filter.js';
import type { DeadLetterEdit, DeadLetterSource, LetterChange, LetterList } from './dead-letter-source.port.js';
import { causeOfLetter, type DeadLetter, type DeadLetterGroup, type DeadLetterPage } from './dead-letter.js';
import { letterRef, workOff, type DeadLetterFailure, type LetterRef } from './letter-batch.js';
import type { LetterPayloads } from './letter-payloads.port.js';
import { ReplayLines } from './replay-lines.js';
import { newestFirst, type FoundLetter, type LetterCursor } from './newest-first.js';
import {
  checkDiscard,
  checkFilter,
  checkPaging,
  checkPurge,
  checkReplay,
  readCursor,
  writeCursor,
  type DeadLetterPaging,
  type DiscardOptions,
  type PurgeOptions,
  type ReplayOptions,
} from './queries.js';

/** What became of letters that were to be replayed. */
export interface ReplayReport {
  /** How many letters were meant: also one whose id is not there, which then fails, but not in a dry run, which finds none. */
  readonly matched: number;
  readonly replayed: number;
  /** How many were left where they are, as they follow by themselves once an earlier one of their key is handled. */
  readonly following: number;
  readonly failed: number;
  /** Why the first hundred of those failed. */
  readonly errors: readonly DeadLetterFailure[];
  readonly isDryRun: boolean;
  /** Whether the signal, or the end of the application, stopped it before all were at their turn. */
  readonly isStopped: boolean;
}

/** What became of letters that were to be discarded. */
export interface DiscardReport extends Omit<ReplayReport, 'replayed' | 'following'> {
  readonly discarded: number;
}

/** What the dead letters of an application are read from; made by the module. */
export interface DeadLettersParts {
  /** @throws DISPATCH_NO_QUEUE where nothing keeps dead letters */
  readonly sources: () => readonly DeadLetterSource[];
  readonly payloads: LetterPayloads;
  readonly channel: NotificationChannel;
  /** What the application waits for before it closes. */
  readonly inFlight: { enter(): void; leave(): void };
}

/**
 * The messages that were given up on, over all queues: inject it anywhere. Every method fails with
 * DISPATCH_INVALID_DEAD_LETTER_QUERY for what cannot be asked, with DISPATCH_NO_QUEUE where nothing keeps dead letters, and with
 * DISPATCH_QUEUE_UNAVAILABLE where the store does not answer. A filter reads all that its queue and place hold.
 *
 * @example
 * ```ts
 * const [worst] = await deadLetters.groups({ queue: 'orders' });
 * if (worst) await deadLetters.replay({ cause: worst.cause }, { ratePerSecond: 10 });
 * ```
 */
export class DeadLetters {
  private readonly closing = new AbortController();

  constructor(private readonly parts: DeadLettersParts) {}

  /** The letters, the newest first. While some are parked or replayed, pages neither repeat nor leave out any of the others. */
  async list(
    filter: DeadLetterFilter = {},
    { limit = 100, after, ...unknown }: DeadLetterPaging = {},
  ): Promise<DeadLetterPage> {
    checkPaging(filter, { limit, after, ...unknown });
    const letters: DeadLetter[] = [];
    let last: LetterCursor | undefined;
    for await (const { letter, cursor } of this.find(checkedFilter(filter), readCursor(after))) {
      if (letters.length === limit) return { letters, next: last && writeCursor(last) };
      letters.push(letter);
      last = cursor;
    }
    return { letters, next: undefined };
  }

  /** The letters grouped by their cause, the most frequent first. */
  async groups(filter: DeadLetterFilter = {}): Promise<readonly DeadLetterGroup[]> {
    checkFilter('groups()', filter);
    const groups = new Map<string, DeadLetterGroup>();
    for await (const { letter } of this.find(checkedFilter(filter))) {
      const known = groups.get(letter.cause) ?? emptyGroup(letter);
      groups.set(letter.cause, { ...known, count: known.count + 1, firstAt: letter.lastFailedAt });
    }
    const byTime = [...groups.values()].toSorted((one, other) => other.lastAt.getTime() - one.lastAt.getTime());
    return byTime.toSorted((one, other) => other.count - one.count);
  }

  /** One letter, with its payload wherever that is kept, as far as it is there; undefined where there is no such letter. */
  async get(id: string): Promise<DeadLetter | undefined> {
    const letter = await this.stored(id);
    return letter && this.parts.payloads.shown(letter);
  }

  /** How many letters there are. Cheap where the filter names at most queue and place. */
  async count(filter: DeadLetterFilter = {}): Promise<number> {
    checkFilter('count()', filter);
    const checked = checkedFilter(filter);
    if (checked.isByList) {
      const counts = await Promise.all(this.lists(checked).map((list) => list.count()));
      return counts.reduce((sum, count) => sum + count, 0);
    }
    let count = 0;
    for await (const _found of this.find(checked)) count += 1;
    return count;
  }

  /**
   * Puts letters back into their queues, the oldest first: one, by its id, or all that a filter lets through; `{}` means
   * all there are. A letter keeps its ids, headers and handler, and its attempts are counted from 1 again. One that fails, or that
   * somebody else took meanwhile, is counted and keeps no other back. What is no message of this package fails with
   * DISPATCH_DEAD_LETTER_NOT_REPLAYABLE, unless it is of a later release; it can be discarded.
   */
  async replay(target: string | DeadLetterFilter, options: ReplayOptions = {}): Promise<ReplayReport> {
    checkReplay(target, options);
    return this.tracked(() => this.replayAll(target, options));
  }

  /** Removes letters for good, each with a notification that tells the reason; `{}` means all there are. */
  async discard(target: string | DeadLetterFilter, options: DiscardOptions): Promise<DiscardReport> {
    checkDiscard(target, options);
    return this.tracked(() => this.remove(target, options));
  }

  /** Removes the letters that were parked too long ago. */
  async purge(options: PurgeOptions): Promise<DiscardReport> {
    checkPurge(options);
    const { olderThanMs, filter = {}, dryRun = false, signal } = options;
    // `parkedBefore` leaves its own millisecond out.
    const endMs = Math.min(Date.now() - olderThanMs + 1, filter.parkedBefore?.getTime() ?? Infinity);
    const target = { ...filter, parkedBefore: new Date(endMs) };
    const reason = `parked for ${olderThanMs} ms or longer`;
    return this.tracked(() => this.remove(target, { reason, dryRun, ...(signal && { signal }) }));
  }

  /** Ends what runs, between two letters: the application closes. */
  stop(): void {
    this.closing.abort();
  }

  private until(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.closing.signal : AbortSignal.any([signal, this.closing.signal]);
  }

  private async replayAll(target: string | DeadLetterFilter, options: ReplayOptions): Promise<ReplayReport> {
    const { dryRun = false, ratePerSecond = Infinity, limit = Infinity, signal, edit } = options;
    const found = await this.matching(target, dryRun);
    const matched = found.length;
    if (dryRun) return { matched, replayed: 0, following: 0, failed: 0, errors: [], isDryRun: true, isStopped: false };
    const letters = found.slice(0, limit);
    const lines = new ReplayLines(letters);
    const { done, failed, following, errors, isStopped } = await workOff(letters, {
      ratePerSecond,
      signal: this.until(signal),
      act: async (letter) => {
        const isReplayed = await lines.replay(letter, () => this.replayOne(letter, edit));
        if (isReplayed === true) this.tellReplayed(letter, edit !== undefined);
        return isReplayed;
      },
    });
    return { matched, replayed: done, following, failed, errors, isDryRun: false, isStopped };
  }

  private async replayOne(letter: LetterRef, edit: DeadLetterEdit | undefined): Promise<boolean> {
    const { payloads } = this.parts;
    const change: LetterChange | undefined = edit && (await payloads.changed(letter, edit));
    try {
      return await this.first((source) => source.replay(letter.id, change));
    } catch (error) {
      payloads.refused(change, error);
      throw error;
    }
  }

  private async remove(
    target: string | DeadLetterFilter,
    { reason, dryRun = false, signal }: DiscardOptions,
  ): Promise<DiscardReport> {
    const found = await this.matching(target, dryRun);
    const matched = found.length;
    if (dryRun) return { matched, discarded: 0, failed: 0, errors: [], isDryRun: true, isStopped: false };
    const { done, failed, errors, isStopped } = await workOff(found, {
      ratePerSecond: Infinity,
      signal: this.until(signal),
      act: async (letter) => {
        const isRemoved = await this.first((source) => source.remove(letter.id, letter.lastFailedAt));
        if (!isRemoved) return false;
        this.parts.payloads.discarded(letter);
        this.tellDiscarded(letter, reason);
        return true;
      },
    });
    return { matched, discarded: done, failed, errors, isDryRun: false, isStopped };
  }

  /** What is meant, the oldest first. A letter named by its id that is not there fails at its turn; in a dry run there is none. */
  private async matching(target: string | DeadLetterFilter, dryRun: boolean): Promise<readonly LetterRef[]> {
    if (typeof target === 'string') {
      const letter = await this.stored(target);
      if (letter === undefined && dryRun) return [];
      const unknown = {
        messageName: undefined,
        messageId: undefined,
        lastFailedAt: undefined,
        key: undefined,
        isBehind: false,
        claim: undefined,
      };
      return [letter === undefined ? { id: target, queue: '', place: 'failed', ...unknown } : letterRef(letter)];
    }
    const found: LetterRef[] = [];
    for await (const { letter } of this.find(checkedFilter(target))) found.push(letterRef(letter));
    return found.toReversed();
  }

  private async stored(id: string): Promise<DeadLetter | undefined> {
    for (const source of this.parts.sources()) {
      const letter = await source.get(id);
      if (letter !== undefined) return letter;
    }
    return undefined;
  }

  private async *find(filter: CheckedFilter, after?: LetterCursor): AsyncGenerator<FoundLetter> {
    const { parkedAfter, parkedBefore } = filter.fields;
    for await (const found of newestFirst(this.lists(filter), { after, parkedAfter, parkedBefore })) {
      if (filter.matches(found.letter)) yield found;
    }
  }

  private lists({ fields }: CheckedFilter): readonly LetterList[] {
    const lists = this.parts.sources().flatMap((source) => source.lists());
    return lists.filter(({ queue, place }) => (fields.queue ?? queue) === queue && (fields.place ?? place) === place);
  }

  /** Asks one source after the other until one has the letter. */
  private async first(ask: (source: DeadLetterSource) => Promise<boolean>): Promise<boolean> {
    for (const source of this.parts.sources()) if (await ask(source)) return true;
    return false;
  }

  private async tracked<T>(work: () => Promise<T>): Promise<T> {
    const { inFlight } = this.parts;
    inFlight.enter();
    try {
      return await work();
    } finally {
      inFlight.leave();
    }
  }

  private tellReplayed(letter: LetterRef, isEdited: boolean): void {
    const { channel } = this.parts;
    if (!channel.wants(DeadLetterReplayedNotification)) return;
    channel.publish(new DeadLetterReplayedNotification(factsOf(letter), isEdited));
  }

  private tellDiscarded(letter: LetterRef, reason: string): void {
    const { channel } = this.parts;
    if (!channel.wants(DeadLetterDiscardedNotification)) return;
    channel.publish(new DeadLetterDiscardedNotification(factsOf(letter), reason));
  }
}

function factsOf({ id: letterId, queue, place, messageName, messageId }: LetterRef) {
  return { letterId, queue, place, messageName, messageId };
}

/** The group of a letter, the newest of it, without counting it. */
function emptyGroup({ id, cause, error, message, lastFailedAt, ...letter }: DeadLetter): DeadLetterGroup {
  const { frame } = causeOfLetter({ ...letter, error, message });
  const times = { firstAt: lastFailedAt, lastAt: lastFailedAt };
  return { cause, error: error.name, frame, message: message?.name, count: 0, ...times, sample: id };
}
