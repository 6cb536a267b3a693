import { randomUUID } from 'node:crypto';

import type { NewTarget, OwnedTarget, Ownership } from '../checkpoints/checkpoint-store.port.js';
import { ProjectionLostError } from '../errors.js';
import type { ProjectionParts } from './projection-parts.js';

/** How often an owner says within its lease that it is there. */
const BEATS = 3;

/**
 * The right to write to a target, prolonged until it is released. Its signal aborts where it is lost: where somebody else has it,
 * or it could not be prolonged in time. What is written after that fails by itself, so the signal only saves the work.
 */
export class Lease {
  private readonly losing = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private endsAtMs: number;
  private isBeating = false;

  private constructor(
    private readonly parts: Pick<ProjectionParts, 'checkpoints' | 'leaseMs'>,
    readonly ownership: Ownership,
    /** Where the target was when it was acquired. */
    readonly start: OwnedTarget,
    acquiredAtMs: number,
  ) {
    const { leaseMs } = parts;
    this.endsAtMs = acquiredAtMs + leaseMs;
    this.timer = setInterval(() => void this.beat(), leaseMs / BEATS);
    this.timer.unref();
  }

  /**
   * @returns undefined where somebody else has it, or nobody may
   * @throws DISPATCH_PROJECTION_LOST where the target was begun anew for another version since the caller has looked
   */
  static async acquire(
    parts: Pick<ProjectionParts, 'checkpoints' | 'leaseMs'>,
    { projection, target, version }: Omit<NewTarget, 'isActive'>,
  ): Promise<Lease | undefined> {
    const ownership = { projection, target, token: randomUUID() };
    const askedAtMs = performance.now();
    const start = await parts.checkpoints.acquire(ownership, parts.leaseMs);
    if (start === undefined) return undefined;
    const lease = new Lease(parts, ownership, start, askedAtMs);
    try {
      const found = (await parts.checkpoints.targets(projection)).find((each) => each.target === target);
      if (found?.version !== version) throw new ProjectionLostError(projection, target);
      return lease;
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  /** Aborts with a `ProjectionLostError`. */
  get signal(): AbortSignal {
    return this.losing.signal;
  }

  /** Stops prolonging, without telling the store: it knows, or cannot be told. */
  forget(): void {
    clearInterval(this.timer);
  }

  /** Gives the right back. Never rejects: where the store cannot be told, the lease ends by itself. */
  async release(): Promise<void> {
    this.forget();
    await this.parts.checkpoints.release(this.ownership).catch(() => undefined);
  }

  /** Never rejects: a store that is away is told of by whoever writes to it. */
  private async beat(): Promise<void> {
    if (performance.now() >= this.endsAtMs) this.lose();
    if (this.isBeating) return;
    this.isBeating = true;
    const { checkpoints, leaseMs } = this.parts;
    const askedAtMs = performance.now();
    const isHeld = await checkpoints.renew(this.ownership, leaseMs).catch(() => undefined);
    this.isBeating = false;
    if (isHeld === true) this.endsAtMs = askedAtMs + leaseMs;
    if (isHeld === false) this.lose();
  }

  private lose(): void {
    this.forget();
    const { projection, target } = this.ownership;
    this.losing.abort(new ProjectionLostError(projection, target));
  }
}
