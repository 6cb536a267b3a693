import { backoffMs } from '../../common/backoff.js';
import { errorText, isDispatchError } from '../../common/dispatch-error.js';
import { delay } from '../../common/promises.js';
import type { StoredEvent } from '../../event-store/event-store.port.js';
import type { RecordedEvent } from '../../event-store/reading/recorded-event.js';
import type { Ownership } from '../checkpoints/checkpoint-store.port.js';
import { ProjectionLostError, ProjectionStoppedError } from '../errors.js';
import { contextOf, type ProjectionFacts, type ProjectionScope } from '../projection-context.js';
import type { ProjectionModel } from '../projection-model.js';
import { inScope, type ProjectionParts } from './projection-parts.js';

/** The waits between attempts, in milliseconds. */
export const RETRY_BACKOFF = { baseMs: 100, maxMs: 10_000 };

/** What a writer writes, and for whom. */
export interface TargetWriting {
  readonly model: ProjectionModel;
  readonly ownership: Ownership;
  /** Events up to here were handled before. */
  readonly replayUntil: number;
  /** Begins no further transaction, and waits for nothing more, once it aborts. */
  readonly stopping: AbortSignal;
  /** Handed to the methods of the projection. */
  readonly signal: AbortSignal;
}

/** Where the writing of some events ended, if it did not succeed. */
interface WriteFailure {
  readonly error: unknown;
  /** Which of the events it was; the first where it was none of them. */
  readonly index: number;
  /** How many of the events are written nevertheless: none with transactions. */
  readonly writtenCount: number;
}

/** Writes events to one target, in their order, each once for all that it writes in its transactions. */
export class TargetWriter {
  private parkedStreams: ReadonlySet<string> = new Set();
  private attempt = 0;

  constructor(
    private readonly parts: ProjectionParts,
    readonly writing: TargetWriting,
  ) {}

  /** Asks which streams are parked; in a transaction they stay so until it has ended. */
  async readParkedStreams(transaction?: unknown): Promise<void> {
    this.parkedStreams = new Set(await this.parts.checkpoints.parkedStreams(this.writing.ownership, transaction));
  }

  /**
   * Writes some events, all in one transaction where none of them fails; what fails is tried again alone, and then parked, or the
   * projection is stopped.
   *
   * @param position where the target is when all are written
   * @returns whether all are; false where it was told to stop before
   * @throws DISPATCH_PROJECTION_STOPPED, DISPATCH_PROJECTION_LOST, DISPATCH_COMMIT_UNCERTAIN
   */
  async write(events: readonly StoredEvent[], position: number): Promise<boolean> {
    let rest = events;
    // So many of the events are written one by one: one of them has failed.
    let aloneCount = 0;
    for (let isWritten = false; !isWritten;) {
      if (this.writing.stopping.aborted) return false;
      const part = aloneCount > 0 ? rest.slice(0, 1) : rest;
      const end = part.length === rest.length ? position : (part.at(-1)?.position ?? position);
      const failure = await this.tryToWrite(part, end);
      if (failure !== undefined && part.length > 1) {
        rest = rest.slice(failure.writtenCount);
        aloneCount = failure.index + 1 - failure.writtenCount;
      } else if (failure === undefined || (await this.isParked(part[0], end, failure.error))) {
        rest = rest.slice(part.length);
        aloneCount = Math.max(0, aloneCount - part.length);
        this.attempt = 0;
        isWritten = rest.length === 0;
      }
    }
    return true;
  }

  /**
   * Writes events as part of a transaction that somebody else runs.
   *
   * @param wrote is called after each of them
   * @throws what the first that fails throws
   */
  async writeIn(
    scope: ProjectionScope,
    events: readonly StoredEvent[],
    wrote: () => void = () => undefined,
  ): Promise<void> {
    // Somebody may have discarded what was parked of their streams.
    if (events.some(({ stream }) => this.parkedStreams.has(stream))) await this.readParkedStreams(scope.transaction);
    for (const event of events) {
      const applying = this.apply(event, scope);
      // What is done already is not waited for: a promise for each event would be a good part of the time of a replay.
      if (applying !== undefined) await applying;
      wrote();
    }
  }

  /** Says in a transaction how far the target is, before anything else is written in it. @throws DISPATCH_PROJECTION_LOST */
  async save(position: number, { transaction }: Pick<ProjectionScope, 'transaction'>): Promise<void> {
    const { ownership } = this.writing;
    const isSaved = await this.parts.checkpoints.save(ownership, position, transaction);
    if (!isSaved) throw new ProjectionLostError(ownership.projection, ownership.target);
  }

  /** Where nothing can be rolled back, whoever knows that it is not the owner any more begins nothing. */
  private async checkOwnership(): Promise<void> {
    const { ownership } = this.writing;
    const { checkpoints, leaseMs } = this.parts;
    const isOwner = await checkpoints.renew(ownership, leaseMs);
    if (!isOwner) throw new ProjectionLostError(ownership.projection, ownership.target);
  }

  /** Hands an event to the projection, whether its stream is parked or not. @returns undefined where that is done already */
  hand(stored: StoredEvent, scope: ProjectionScope): Promise<void> | undefined {
    const { ownership, replayUntil } = this.writing;
    const { projection, target } = ownership;
    const facts = { projection, target, replay: stored.position <= replayUntil };
    return this.handEach(this.parts.reader.read(stored), scope, facts);
  }

  private handEach(
    events: readonly RecordedEvent[],
    scope: ProjectionScope,
    facts: ProjectionFacts,
  ): Promise<void> | undefined {
    for (const [index, recorded] of events.entries()) {
      const applying = this.writing.model.apply(recorded.event, contextOf(recorded, scope, facts));
      if (applying === undefined) continue;
      return Promise.resolve(applying).then(() => this.handEach(events.slice(index + 1), scope, facts));
    }
    return undefined;
  }

  private async tryToWrite(events: readonly StoredEvent[], position: number): Promise<WriteFailure | undefined> {
    const { transactions } = this.parts;
    const { signal } = this.writing;
    let index = 0;
    let isDone = false;
    try {
      await inScope(this.parts, signal, async (scope) => {
        // First, so that whoever is not the owner any more writes nothing, and nobody takes over in between.
        if (transactions.isConfigured) await this.save(position, scope);
        else await this.checkOwnership();
        await this.writeIn(scope, events, () => (index += 1));
        if (!transactions.isConfigured) await this.save(position, scope);
        isDone = true;
      });
    } catch (error) {
      if (isFinal(error)) throw error;
      // A scope that does not tell a refused commit from one whose answer was lost leaves it to us to look.
      const isCommitted = isDone && (await this.isAt(position));
      if (!isCommitted) return this.failureAt(index, events, error);
    }
    for (const event of events) {
      if (this.parkedStreams.has(event.stream)) this.parts.reporter.parked(this.writing.ownership, event, undefined);
    }
    return undefined;
  }

  private async failureAt(index: number, events: readonly StoredEvent[], error: unknown): Promise<WriteFailure> {
    if (this.parts.transactions.isConfigured) {
      return { error, index: Math.min(index, events.length - 1), writtenCount: 0 };
    }
    // Nothing was rolled back: what is written is told, and where that is all, it could not be.
    if (index === events.length) throw error;
    const last = events[index - 1];
    if (last !== undefined) await this.save(last.position, { transaction: undefined });
    return { error, index, writtenCount: index };
  }

  private async isAt(position: number): Promise<boolean> {
    const { projection, target } = this.writing.ownership;
    const found = (await this.parts.checkpoints.targets(projection)).find((each) => each.target === target);
    return found?.position === position;
  }

  private apply(event: StoredEvent, scope: ProjectionScope): Promise<void> | undefined {
    return this.parkedStreams.has(event.stream) ? this.park(event, undefined, scope) : this.hand(event, scope);
  }

  /** Waits for the next attempt, parks the event, or stops. @returns whether the event is parked */
  private async isParked(event: StoredEvent | undefined, position: number, error: unknown): Promise<boolean> {
    const { model, ownership, stopping } = this.writing;
    const { checkpoints, reporter } = this.parts;
    // What fails because it is told to end has not failed.
    if (stopping.aborted) return false;
    this.attempt += 1;
    if (event !== undefined && this.attempt > model.retries) {
      try {
        if (model.onFailure !== 'stop') return await this.parkAt(event, position, error);
        if (await checkpoints.stop(ownership, reasonOf(event, error))) {
          reporter.stopped(ownership, event, error);
          throw new ProjectionStoppedError(model.name, reasonOf(event, error), { cause: error });
        }
        throw new ProjectionLostError(model.name, ownership.target);
      } catch (failure) {
        // Where the store cannot be told, it may be that the event failed for the same reason: there is no end to its attempts.
        if (isFinal(failure)) throw failure;
      }
    }
    const waitMs = backoffMs(RETRY_BACKOFF, this.attempt);
    reporter.failed(ownership, event, error, waitMs);
    await delay(waitMs, stopping);
    return false;
  }

  private async parkAt(event: StoredEvent, position: number, error: unknown): Promise<true> {
    const { model, ownership, signal } = this.writing;
    await inScope(this.parts, signal, async (scope) => {
      await this.save(position, scope);
      await this.park(event, error, scope);
    });
    if (model.onFailure === 'parkStream') this.parkedStreams = new Set([...this.parkedStreams, event.stream]);
    this.parts.reporter.parked(ownership, event, error);
    return true;
  }

  private async park(event: StoredEvent, error: unknown, { transaction }: ProjectionScope): Promise<void> {
    const { model, ownership } = this.writing;
    const { stream, version, position, id: eventId, name } = event;
    const text = error === undefined ? 'An earlier event of the stream is parked.' : errorText(error);
    const isStreamParked = model.onFailure === 'parkStream';
    const parked = { stream, version, position, eventId, name, error: text, isStreamParked };
    const isOwner = await this.parts.checkpoints.park(ownership, parked, transaction);
    if (!isOwner) throw new ProjectionLostError(ownership.projection, ownership.target);
  }
}

function reasonOf({ stream, version, position }: StoredEvent, error: unknown): string {
  return `it failed at version ${version} of "${stream}" (position ${position}): ${errorText(error)}`;
}

const FINAL = ['DISPATCH_PROJECTION_STOPPED', 'DISPATCH_PROJECTION_LOST', 'DISPATCH_COMMIT_UNCERTAIN'];

/** Whether whoever writes a target has to end: where it does not know what is in it either, which the next owner asks the store. */
export function isFinal(error: unknown): boolean {
  return FINAL.some((code) => isDispatchError(error, code));
}
