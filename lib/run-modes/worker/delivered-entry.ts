import { isDispatchError } from '../../common/dispatch-error.js';
import type { CodecLimits } from '../../message/codec/json-codec.js';
import type { MessageContext } from '../../message/message-context.js';
import type { ClaimCheck } from '../claim-check/claim-check.js';
import { ClaimCheckMissingError } from '../claim-check/errors.js';
import { claimOf, readEntryData, type ClaimReference, type EntryData } from '../queue/entry-data.js';
import { UnhandledEntryError, UnreadableEntryError } from '../queue/errors.js';
import type { Delivery, ParkingPlace, Settlement } from '../queue/queue-backend.port.js';
import { toParkedError } from '../queue/wire-error.js';
import type { EntryTarget, EntryTargets } from './entry-target.port.js';
import type { DeliveredTask, TaskObserver } from './task-observer.js';

/** Why an event cannot be handed to its handlers, today or tomorrow. */
const HOPELESS: ReadonlySet<string> = new Set([
  'DISPATCH_INVALID_QUEUE_OPTIONS',
  'DISPATCH_MESSAGE_TOO_LARGE',
  'DISPATCH_UNSERIALIZABLE_MESSAGE',
]);

/** What a delivered entry is read, and parked, with. */
interface DeliveredEntryParts {
  readonly targets: EntryTargets;
  readonly observer: TaskObserver;
  readonly limits: CodecLimits;
  /** What keeps large payloads; undefined where entries have them all. */
  readonly claims: ClaimCheck | undefined;
}

/** The entry of one delivery: what it says, to whom it goes, and how it is parked where neither can be found out. */
export class DeliveredEntry {
  readonly task: DeliveredTask;
  /** When an attempt of this delivery failed first; undefined while none has. */
  firstFailedAt: Date | undefined;
  /** Which attempt was parked. */
  lastAttempt = 0;
  private isAwaited = false;
  /** The payload, where it was kept outside the queue and has been fetched. */
  private kept: string | undefined;

  constructor(
    private readonly parts: DeliveredEntryParts,
    private readonly queue: string,
    private readonly delivery: Delivery,
  ) {
    this.task = { queue, delivery };
  }

  /** Where its payload is to be fetched from before anything else; undefined where it has it. */
  get claim(): ClaimReference | undefined {
    return this.parts.claims === undefined ? undefined : claimOf(this.delivery.data);
  }

  /**
   * Fetches the payload.
   *
   * @returns the end of the delivery where there is none
   * @throws DISPATCH_CLAIM_CHECK_UNAVAILABLE
   */
  async fetch(claim: ClaimReference): Promise<Settlement | undefined> {
    const { id, name, attempt } = this.delivery;
    this.kept = await this.parts.claims?.read(claim, name);
    if (this.kept !== undefined) return undefined;
    return this.park('unreadable', new ClaimCheckMissingError(this.queue, id, claim.id), attempt);
  }

  /** What the entry says; where it cannot be read, its end. */
  read(attempt: number): EntryData | Settlement {
    const { data, id } = this.delivery;
    try {
      const { limits, claims } = this.parts;
      const entry = readEntryData(data, this.kept === undefined ? limits : (claims?.limits ?? limits), this.kept);
      if (typeof entry !== 'string') {
        this.isAwaited = entry.isAwaited;
        return entry;
      }
      return this.park('unreadable', new UnreadableEntryError(this.queue, id, entry), attempt);
    } catch (error) {
      return this.park('unreadable', error, attempt);
    }
  }

  /** The handler it goes to, or all of an event that names none; where there is none, its end. */
  find(data: EntryData, attempt: number): EntryTarget | Settlement | { readonly handlers: readonly string[] } {
    try {
      const target = this.parts.targets.find(data, this.delivery.id);
      if (!('missing' in target)) return target;
      const error = new UnhandledEntryError(this.queue, data.name, data.version, target.missing);
      return this.park('unhandled', error, attempt);
    } catch (error) {
      return this.park('unreadable', error, attempt);
    }
  }

  /** Makes an entry for each handler of an event. */
  async fanOut(data: EntryData, attempt: number): Promise<Settlement> {
    try {
      await this.parts.targets.fanOut(data, this.delivery.id, this.queue);
      return { action: 'complete', result: undefined };
    } catch (error) {
      // Given back it would come first again, and fail again: nothing behind it would be handled any more.
      if (isDispatchError(error) && HOPELESS.has(error.code)) return this.park('unhandled', error, attempt);
      throw error;
    }
  }

  /** Ends it in a parking place, and tells of that. */
  park(
    place: ParkingPlace,
    error: unknown,
    attempt: number,
    context?: MessageContext,
    deadLetters?: string,
  ): Settlement {
    const { isAwaited, firstFailedAt } = this;
    this.lastAttempt = attempt;
    this.parts.observer.parked(this.task, { place, error, attempt, context, isAwaited });
    return { action: 'park', place, error: toParkedError(error, context?.handler.key, deadLetters), firstFailedAt };
  }
}
