import { backoffMs } from '../../common/backoff.js';
import { isDispatchError } from '../../common/dispatch-error.js';
import { delay } from '../../common/promises.js';
import { Bell } from '../../event-store/reading/bell.js';
import type { ProjectionTarget, TargetKey, TargetRecord } from '../checkpoints/checkpoint-store.port.js';
import type { ProjectionModel } from '../projection-model.js';
import { beginTarget, build, otherTarget } from './build.js';
import { follow, type Ending } from './follow.js';
import { Lease } from './lease.js';
import type { ProjectionParts } from './projection-parts.js';
import { RETRY_BACKOFF } from './target-writer.js';

/** Runs one projection in this process, whenever no other does: for as long as the application lives. */
export class Supervisor {
  private readonly bell = new Bell();
  private failureCount = 0;
  /** Where it writes, or would. */
  private target: ProjectionTarget = 'blue';

  constructor(
    private readonly parts: ProjectionParts,
    private readonly model: ProjectionModel,
    /** Is called with each position that this process has brought the active target to. */
    private readonly wrote: (position: number) => void,
  ) {}

  /** Looks at once at what is to be done, instead of after a while. */
  wake(): void {
    this.bell.ring();
  }

  /** Resolves when it was told to stop and nothing is under way. Never rejects. */
  async run(ending: Ending): Promise<void> {
    const { stopping } = ending;
    // What was stopped goes on when an application starts.
    let isResumed = false;
    while (!stopping.aborted) {
      try {
        this.bell.quiet();
        if (!isResumed) await this.parts.checkpoints.resume(this.model.name);
        isResumed = true;
        const hasWorked = await this.turn(ending);
        this.failureCount = 0;
        if (!hasWorked) await this.bell.wait(this.parts.pollMs, stopping);
      } catch (error) {
        await this.failed(error, stopping);
      }
    }
  }

  /** @returns whether there was something to do */
  private async turn(ending: Ending): Promise<boolean> {
    const { parts, model } = this;
    const records = await parts.checkpoints.targets(model.name);
    const active = records.find(({ isActive }) => isActive);
    if (active === undefined) {
      await beginTarget(parts, model, { target: 'blue', isActive: true }, ending.aborting);
      return true;
    }
    this.target = active.version < model.version ? otherTarget(active.target) : active.target;
    if (active.version > model.version) return false;
    if (active.version === model.version) {
      return this.asOwner(active, ending, (lease, own) => follow(parts, model, lease, own, this.wrote));
    }
    const next = this.target;
    await this.beginNext(
      records.find(({ target }) => target === next),
      { ...active, target: next },
      ending,
    );
    return this.asOwner({ projection: model.name, target: next }, ending, async (lease, own) => {
      await build(parts, model, lease, own, () => undefined);
    });
  }

  /** Begins a target for a new version; one that another process has begun for it stays. */
  private async beginNext(found: TargetRecord | undefined, key: TargetKey, { aborting }: Ending): Promise<void> {
    const { parts, model } = this;
    if (found?.version === model.version || found?.isOwned === true) return;
    if (found !== undefined) await parts.checkpoints.remove(key);
    await beginTarget(parts, model, { target: key.target, isActive: false }, aborting);
  }

  private async asOwner(
    key: TargetKey,
    ending: Ending,
    work: (lease: Lease, ending: Ending) => Promise<void>,
  ): Promise<boolean> {
    const lease = await Lease.acquire(this.parts, { ...key, version: this.model.version });
    if (lease === undefined) return false;
    this.parts.reporter.started(key, lease.start.position);
    try {
      await work(lease, {
        stopping: AbortSignal.any([ending.stopping, lease.signal]),
        aborting: AbortSignal.any([ending.aborting, lease.signal]),
      });
    } finally {
      await lease.release();
    }
    return true;
  }

  private async failed(error: unknown, stopping: AbortSignal): Promise<void> {
    // A stop is told where it comes about.
    if (stopping.aborted || isDispatchError(error, 'DISPATCH_PROJECTION_STOPPED')) return;
    this.failureCount += 1;
    const waitMs = backoffMs(RETRY_BACKOFF, this.failureCount);
    if (!isDispatchError(error, 'DISPATCH_PROJECTION_LOST')) {
      this.parts.reporter.failed({ projection: this.model.name, target: this.target }, undefined, error, waitMs);
    }
    await delay(waitMs, stopping);
  }
}
