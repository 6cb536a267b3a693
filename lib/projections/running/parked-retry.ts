import { errorText, isDispatchError } from '../../common/dispatch-error.js';
import type { StoredEvent } from '../../event-store/event-store.port.js';
import type { ParkedRecord } from '../checkpoints/checkpoint-store.port.js';
import { ProjectionLostError } from '../errors.js';
import type { ProjectionScope } from '../projection-context.js';
import { inScope, type ProjectionParts } from './projection-parts.js';
import { isFinal, type TargetWriter } from './target-writer.js';

/** How many parked events are fetched at once. */
const FETCHED_AT_ONCE = 100;

/**
 * Tries the parked events again for which somebody has asked that, those of one stream in their order up to the first that fails.
 * Each is written in a transaction of its own, at the position where the target is.
 *
 * @throws DISPATCH_PROJECTION_LOST, DISPATCH_COMMIT_UNCERTAIN; else rejects with what the store says
 */
export async function retryParked(parts: ProjectionParts, writer: TargetWriter, position: number): Promise<void> {
  const { ownership, stopping } = writer.writing;
  const failed = new Set<string>();
  // Only forwards: of a stream that is parked all is due as long as one event is, also what has just failed.
  for (let afterPosition = 0; ;) {
    const due = await parts.checkpoints.toRetry(ownership, FETCHED_AT_ONCE, afterPosition);
    for (const parked of due) {
      if (stopping.aborted) return;
      // What comes behind one that failed stays behind it.
      const isKept = parked.isStreamParked && failed.has(parked.stream);
      const error = isKept ? undefined : await failureOf(parts, writer, parked, position);
      afterPosition = parked.position;
      if (!isKept && error === undefined) continue;
      // What fails because it is told to end has not failed, and is tried again by the next owner.
      if (stopping.aborted) return;
      failed.add(parked.stream);
      await parkAgain(parts, writer, parked, error);
    }
    if (due.length === 0) return;
    await writer.readParkedStreams();
  }
}

/** @returns what it failed with; undefined where it is parked no more */
async function failureOf(
  parts: ProjectionParts,
  writer: TargetWriter,
  { stream, version, position: parkedAt }: ParkedRecord,
  position: number,
): Promise<unknown> {
  const { ownership, signal } = writer.writing;
  try {
    const event = await storedEvent(parts, stream, version);
    await inScope(parts, signal, async (scope) => {
      await writer.save(position, scope);
      // One that was deleted with its stream is no more to be written.
      if (event !== undefined) await writer.hand(event, scope);
      await unpark(parts, writer, parkedAt, scope);
    });
    return undefined;
  } catch (error) {
    if (isFinal(error)) throw error;
    return error ?? new ProjectionLostError(ownership.projection, ownership.target);
  }
}

async function unpark(
  { checkpoints }: ProjectionParts,
  { writing: { ownership } }: TargetWriter,
  position: number,
  { transaction }: ProjectionScope,
): Promise<void> {
  const isOwner = await checkpoints.unpark(ownership, position, transaction);
  if (!isOwner) throw new ProjectionLostError(ownership.projection, ownership.target);
}

async function parkAgain(
  { checkpoints, reporter }: ProjectionParts,
  { writing: { ownership } }: TargetWriter,
  parked: ParkedRecord,
  error: unknown,
): Promise<void> {
  const { stream, version, position, eventId, name, isStreamParked } = parked;
  const text = error === undefined ? parked.error : errorText(error);
  const event = { stream, version, position, eventId, name, isStreamParked, error: text };
  if (!(await checkpoints.park(ownership, event))) {
    throw new ProjectionLostError(ownership.projection, ownership.target);
  }
  if (error !== undefined) reporter.parked(ownership, event, error);
}

async function storedEvent(
  { store }: ProjectionParts,
  stream: string,
  version: number,
): Promise<StoredEvent | undefined> {
  try {
    const page = await store.readStreamPage(stream, { from: version, to: version, direction: 'forwards', limit: 1 });
    return page[0];
  } catch (error) {
    if (isDispatchError(error, 'DISPATCH_STREAM_DELETED')) return undefined;
    throw error;
  }
}
