import { followPages } from '../../event-store/reading/pages.js';
import type { ProjectionModel } from '../projection-model.js';
import type { Lease } from './lease.js';
import { retryParked } from './parked-retry.js';
import type { ProjectionParts } from './projection-parts.js';
import { TargetWriter } from './target-writer.js';

/** When whoever writes a target is to end. */
export interface Ending {
  /** Aborts where nothing further is to be begun. */
  readonly stopping: AbortSignal;
  /** Aborts where what is under way is not waited for any longer. */
  readonly aborting: AbortSignal;
}

/**
 * Writes to the active target of a projection, as its owner, what there is and what comes, until it is told to stop.
 *
 * @param wrote is called with each position that the target has come to
 * @throws DISPATCH_PROJECTION_STOPPED, DISPATCH_PROJECTION_LOST; else what a store rejects with
 */
export async function follow(
  parts: ProjectionParts,
  model: ProjectionModel,
  lease: Lease,
  { stopping, aborting }: Ending,
  wrote: (position: number) => void,
): Promise<void> {
  const { ownership, start } = lease;
  const { replayUntil } = start;
  const writer = new TargetWriter(parts, { model, ownership, replayUntil, stopping, signal: aborting });
  await writer.readParkedStreams();
  const { store, storedNamesOf, pollMs, reporter } = parts;
  let { position } = start;
  let lookedAtMs = -Infinity;
  const names = storedNamesOf(model.eventNames);
  const reading = {
    names,
    afterPosition: position,
    pageSize: model.batchSize,
    pollIntervalMs: pollMs,
    readsAhead: true,
  };
  for await (const page of followPages(store, { ...reading, signal: stopping })) {
    if (page.position > position) {
      if (!(await writer.write(page.events, page.position))) return;
      position = page.position;
      wrote(position);
      const target = { ...ownership, isRebuild: false };
      await reporter.progressed(target, position, () => store.lastPosition());
    }
    if (performance.now() - lookedAtMs < pollMs) continue;
    lookedAtMs = performance.now();
    // Where there is nothing to write, nothing else tells that another target is active by now.
    if (!(await parts.checkpoints.renew(ownership, parts.leaseMs))) return;
    await writer.readParkedStreams();
    await retryParked(parts, writer, position);
  }
}
