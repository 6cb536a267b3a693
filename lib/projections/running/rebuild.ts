import { isDispatchError } from '../../common/dispatch-error.js';
import type { ProjectionTarget, TargetKey, TargetRecord } from '../checkpoints/checkpoint-store.port.js';
import { ProjectionLostError, RebuildUnderWayError } from '../errors.js';
import type { ProjectionModel } from '../projection-model.js';
import { beginTarget, build, dropTarget, otherTarget, type RebuildProgress } from './build.js';
import type { Ending } from './follow.js';
import { Lease } from './lease.js';
import type { ProjectionParts } from './projection-parts.js';

/** What a rebuild has come to. */
export interface RebuildResult {
  /** What is read from now. */
  readonly target: ProjectionTarget;
  /** Where it was at the switch. */
  readonly position: number;
}

/** What a rebuild is told by who asked for it. */
export interface RebuildOrder {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RebuildProgress) => void;
}

/** Builds a projection anew beside what is active, and switches. Where it fails, what it has begun is removed. */
export async function rebuild(
  parts: ProjectionParts,
  model: ProjectionModel,
  { stopping, aborting }: Ending,
  { signal, onProgress = () => undefined }: RebuildOrder,
): Promise<RebuildResult> {
  signal?.throwIfAborted();
  const key = await begin(parts, model, aborting);
  const lease = await Lease.acquire(parts, { ...key, version: model.version });
  if (lease === undefined) throw new RebuildUnderWayError(model.name);
  const outer = signal === undefined ? [] : [signal];
  const ending = {
    stopping: AbortSignal.any([stopping, lease.signal, ...outer]),
    aborting: AbortSignal.any([aborting, lease.signal, ...outer]),
  };
  try {
    const position = await build(parts, model, lease, ending, onProgress);
    if (position !== undefined) return { target: key.target, position };
    signal?.throwIfAborted();
    throw ending.stopping.reason ?? new ProjectionLostError(model.name, key.target);
  } catch (error) {
    lease.forget();
    const isStopped = isDispatchError(error, 'DISPATCH_PROJECTION_STOPPED');
    if (isStopped || (await isHeld(parts, lease))) await giveUp(parts, model, key, aborting);
    throw error;
  } finally {
    await lease.release();
  }
}

/** Makes the other target, in the place of one that nobody builds any more. */
async function begin(parts: ProjectionParts, model: ProjectionModel, signal: AbortSignal): Promise<TargetKey> {
  const { checkpoints } = parts;
  const { name: projection } = model;
  let records = await checkpoints.targets(projection);
  if (!records.some(({ isActive }) => isActive)) {
    await beginTarget(parts, model, { target: 'blue', isActive: true }, signal);
    records = await checkpoints.targets(projection);
  }
  const active = records.find(({ isActive }) => isActive);
  if (active !== undefined && active.version > model.version) throw new ProjectionLostError(projection, active.target);
  const target = otherTarget(active?.target ?? 'blue');
  const left: TargetRecord | undefined = records.find((each) => each.target === target);
  if (left?.isOwned === true) throw new RebuildUnderWayError(projection);
  if (left !== undefined) await checkpoints.remove({ projection, target });
  await beginTarget(parts, model, { target, isActive: false }, signal);
  return { projection, target };
}

/** Whether it is still this rebuild that writes the target, and not one that has taken it over. Never rejects. */
function isHeld({ checkpoints, leaseMs }: ProjectionParts, { ownership }: Lease): Promise<boolean> {
  return checkpoints.renew(ownership, leaseMs).catch(() => false);
}

/** Never rejects: what is left is in nobody's way, and the next rebuild removes it. */
async function giveUp(
  parts: ProjectionParts,
  model: ProjectionModel,
  key: TargetKey,
  signal: AbortSignal,
): Promise<void> {
  const isRemoved = await parts.checkpoints.remove(key).catch(() => false);
  if (isRemoved) await dropTarget(parts, model, key, signal);
}
