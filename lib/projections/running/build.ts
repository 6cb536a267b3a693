import { isDispatchError } from '../../common/dispatch-error.js';
import type { EventPage } from '../../event-store/event-store.port.js';
import type { ProjectionTarget, TargetKey } from '../checkpoints/checkpoint-store.port.js';
import { ProjectionLostError } from '../errors.js';
import type { ProjectionModel } from '../projection-model.js';
import type { Ending } from './follow.js';
import type { Lease } from './lease.js';
import { inScope, type ProjectionParts } from './projection-parts.js';
import { TargetWriter } from './target-writer.js';

/** How far a rebuild is. */
export interface RebuildProgress {
  /** Everything up to here is in the new target. */
  readonly position: number;
  /** Where the old target is, and the new one has to be. */
  readonly goal: number;
}

/** The target that is not this one. */
export function otherTarget(target: ProjectionTarget): ProjectionTarget {
  return target === 'blue' ? 'green' : 'blue';
}

/** Makes an empty target for the version of the class, in the place of what may have been left there. */
export async function beginTarget(
  parts: ProjectionParts,
  { name: projection, version, hooks }: ProjectionModel,
  { target, isActive }: { readonly target: ProjectionTarget; readonly isActive: boolean },
  signal: AbortSignal,
): Promise<void> {
  await inScope(parts, signal, async (scope) => {
    const { checkpoints } = parts;
    const { transaction } = scope;
    if (!(await checkpoints.begin({ projection, target, version, isActive }, transaction))) return;
    await hooks.prepare?.(target, scope);
  });
}

/**
 * Brings a new target to where the active one is, and then makes it the active one in one transaction, in which the old one stands
 * still: so every event is new to exactly one of the two. The old target is dropped after that.
 *
 * @returns the position at the switch; undefined where it was told to stop before
 * @throws DISPATCH_PROJECTION_STOPPED, DISPATCH_PROJECTION_LOST; else what a store or a hook rejects with. The old target is as
 * it was then.
 */
export async function build(
  parts: ProjectionParts,
  model: ProjectionModel,
  lease: Lease,
  { stopping, aborting }: Ending,
  onProgress: (progress: RebuildProgress) => void,
): Promise<number | undefined> {
  const { ownership, start } = lease;
  const writing = { model, ownership, replayUntil: Infinity, stopping, signal: aborting };
  const building = new Building(parts, model, new TargetWriter(parts, writing));
  const position = await building.run(start.position, onProgress);
  if (position !== undefined) {
    parts.reporter.switched(ownership, model.version, position);
    await dropTarget(parts, model, { ...ownership, target: otherTarget(ownership.target) }, aborting);
  }
  return position;
}

/** Has the projection remove what it keeps of a target. Never rejects. */
export async function dropTarget(
  parts: ProjectionParts,
  { hooks }: ProjectionModel,
  key: TargetKey,
  signal: AbortSignal,
): Promise<void> {
  if (hooks.drop === undefined) return;
  try {
    await inScope(parts, signal, async (scope) => hooks.drop?.(key.target, scope));
  } catch (error) {
    parts.reporter.dropFailed(key, error);
  }
}

class Building {
  private readonly names: readonly string[];
  /** Whether a switch has failed, and not at an event. */
  private hasFailedBeside = false;

  constructor(
    private readonly parts: ProjectionParts,
    private readonly model: ProjectionModel,
    private readonly writer: TargetWriter,
  ) {
    this.names = parts.storedNamesOf(model.eventNames);
  }

  async run(from: number, onProgress: (progress: RebuildProgress) => void): Promise<number | undefined> {
    const { stopping, ownership } = this.writer.writing;
    const { store, reporter } = this.parts;
    await this.writer.readParkedStreams();
    let goal = await this.goal();
    let ahead: Promise<EventPage> | undefined;
    for (let position = from; !stopping.aborted;) {
      onProgress({ position, goal });
      if (goal - position <= this.model.batchSize) {
        const switchedAt = await this.trySwitch(position);
        if (switchedAt !== undefined) return switchedAt;
        goal = await this.goal();
      }
      const page = await (ahead ?? this.pageUpTo(goal, position));
      // One page ahead, which is fetched while this one is written.
      ahead = page.position < goal ? this.pageUpTo(goal, page.position) : undefined;
      // It is told where it is waited for, if it ever is.
      ahead?.catch(() => undefined);
      if (position < goal && !(await this.writer.write(page.events, page.position))) return undefined;
      position = page.position;
      await reporter.progressed({ ...ownership, isRebuild: true }, position, () => store.lastPosition());
    }
    return undefined;
  }

  /** Where the active target is. */
  private async goal(): Promise<number> {
    const { projection, target } = this.writer.writing.ownership;
    const active = (await this.parts.checkpoints.targets(projection)).find(({ isActive }) => isActive);
    if (active === undefined || active.target === target) throw new ProjectionLostError(projection, target);
    return active.position;
  }

  /** What is still missing is written in the transaction of the switch. @returns undefined where that is more than a page */
  private async trySwitch(position: number): Promise<number | undefined> {
    const { checkpoints } = this.parts;
    const { ownership, signal, stopping } = this.writer.writing;
    const { projection, target } = ownership;
    let [missingCount, isHanding] = [0, false];
    let switchedAt: number | undefined;
    // Before the transaction: a database may have one connection alone. What is behind the goal is left out.
    const page = await this.pageBehind(position);
    try {
      return await inScope(this.parts, signal, async (scope) => {
        const goal = await checkpoints.lockActive(projection, scope.transaction);
        if (goal === undefined) throw new ProjectionLostError(projection, target);
        if (page.position < goal) return undefined;
        const missing = page.events.filter((event) => event.position <= goal);
        missingCount = missing.length;
        await this.writer.save(goal, scope);
        isHanding = true;
        await this.writer.writeIn(scope, missing);
        isHanding = false;
        stopping.throwIfAborted();
        await this.model.hooks.promote?.(target, scope);
        const isActive = await checkpoints.promote(ownership, scope.transaction);
        if (!isActive) throw new ProjectionLostError(projection, target);
        switchedAt = goal;
        return goal;
      });
    } catch (error) {
      if (switchedAt !== undefined && (await this.hasSwitched())) return switchedAt;
      const isLost = isDispatchError(error, 'DISPATCH_PROJECTION_LOST');
      // Of two that changed the same at once, in a store without locks, this is the one that lost; the other moved the goal.
      const isOvertaken = isLost && !checkpoints.isShared && (await this.isOwner());
      if (isOvertaken || stopping.aborted) return undefined;
      // An event that fails, or spoils the transaction, is written on its own account, where there are further attempts. What failed
      // twice beside the events is not theirs: there would be no end to it where events come all the time.
      const isOfEvents = isHanding || (missingCount > 0 && !this.hasFailedBeside);
      this.hasFailedBeside ||= !isHanding;
      if (isLost || !isOfEvents) throw error;
      return undefined;
    }
  }

  /** Whether a switch came about whose commit failed: its answer may have been lost. Never rejects. */
  private async hasSwitched(): Promise<boolean> {
    const { checkpoints } = this.parts;
    const { ownership, signal } = this.writer.writing;
    const { projection, target } = ownership;
    try {
      // What is active stays locked as long as the commit is under way.
      await inScope(this.parts, signal, ({ transaction }) => checkpoints.lockActive(projection, transaction));
      const active = (await checkpoints.targets(projection)).find(({ isActive }) => isActive);
      return active?.target === target && (await this.isOwner());
    } catch {
      return false;
    }
  }

  private isOwner(): Promise<boolean> {
    return this.parts.checkpoints.renew(this.writer.writing.ownership, this.parts.leaseMs);
  }

  private pageBehind(afterPosition: number): Promise<EventPage> {
    return this.parts.store.readAllPage({ names: this.names, afterPosition, limit: this.model.batchSize });
  }

  /** The next events up to a position that others have reached. */
  private async pageUpTo(goal: number, afterPosition: number): Promise<EventPage> {
    if (afterPosition >= goal) return { events: [], position: goal, isEnd: true };
    const page = await this.pageBehind(afterPosition);
    const position = page.isEnd ? goal : Math.min(page.position, goal);
    return { events: page.events.filter((event) => event.position <= goal), position, isEnd: page.isEnd };
  }
}
