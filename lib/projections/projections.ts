import { deferred } from '../common/promises.js';
import type {
  ParkedFilter,
  ParkedRecord,
  ProjectionTarget,
  TargetRecord,
} from './checkpoints/checkpoint-store.port.js';
import {
  InlineProjectionError,
  ProjectionBehindError,
  ProjectionLostError,
  ProjectionStoppedError,
  UnknownProjectionError,
} from './errors.js';
import type { ProjectionModel } from './projection-model.js';
import { statusOf, type ProjectionStatus } from './projection-status.js';
import type { RebuildProgress } from './running/build.js';
import type { Ending } from './running/follow.js';
import { inScope, type ProjectionParts } from './running/projection-parts.js';
import { rebuild, type RebuildResult } from './running/rebuild.js';

/** What the door to projections needs; all of it lives as long as the application. */
export interface ProjectionsParts {
  readonly models: ReadonlyMap<string, ProjectionModel>;
  /** @throws DISPATCH_EVENT_STORE_NOT_CONFIGURED */
  readonly runningParts: () => ProjectionParts;
  readonly ending: Ending;
  /** Has a projection of this process look at once at what is to be done. */
  readonly wake: (name: string) => void;
  /** Runs work outside of the message and the transaction of the caller. */
  readonly outside: <T>(work: () => T) => T;
}

/** Which parked events of a projection are meant. */
export type ParkedChoice = Omit<ParkedFilter, 'projection'>;

/** How long to wait for a projection. */
export interface CatchUpOptions {
  /** In milliseconds from the call; 0 looks once. Default 5000. */
  readonly timeoutMs?: number;
  /** Ends the waiting; it rejects with the reason. */
  readonly signal?: AbortSignal;
}

/** How a projection is rebuilt. */
export interface RebuildOptions {
  /** Ends the rebuild, if the switch has not begun; the old target stays as it is, and the promise rejects with the reason. */
  readonly signal?: AbortSignal;
  /** Is told after each batch. Must not throw. */
  readonly onProgress?: (progress: RebuildProgress) => void;
}

/** How often the checkpoint of another process is looked at by who waits for it, in milliseconds. */
const LOOK_EVERY_MS = 50;
const DEFAULT_TIMEOUT_MS = 5000;
const PAGE = 500;

/**
 * What an application knows of its projections, and can have done with them. Inject it.
 *
 * Methods that take a name throw `DISPATCH_UNKNOWN_PROJECTION` where no class of this application has it, and
 * `DISPATCH_INLINE_PROJECTION` where it is inline and so has no checkpoint.
 *
 * @example
 * ```ts
 * const { position } = await log.append('order-7', [new OrderPlaced('ada')], { expectedVersion: 'none' });
 * await projections.whenCaughtUp('order-summary', position);
 * ```
 */
export class Projections {
  private readonly waiting = new Set<() => void>();
  private readonly looking = new Map<string, Promise<TargetRecord | undefined>>();
  private readonly rebuilds = new Set<Promise<unknown>>();

  constructor(private readonly parts: ProjectionsParts) {}

  /** How each projection is, in the order of their names. Rejects with what the stores say. */
  async list(): Promise<readonly ProjectionStatus[]> {
    const { models, runningParts } = this.parts;
    if (models.size === 0) return [];
    const { checkpoints, store } = runningParts();
    const hasCheckpoints = [...models.values()].some(({ mode }) => mode === 'async');
    const records = hasCheckpoints ? await checkpoints.targets() : [];
    const last = await store.lastPosition();
    const sorted = [...models.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return sorted.map((model) =>
      statusOf(
        model,
        records.filter(({ projection }) => projection === model.name),
        last,
      ),
    );
  }

  /** Whether every projection runs somewhere, and none goes on without an event. Rejects with what the stores say. */
  async health(): Promise<{ readonly isHealthy: boolean; readonly projections: readonly ProjectionStatus[] }> {
    const projections = await this.list();
    return { isHealthy: projections.every(({ isHealthy }) => isHealthy), projections };
  }

  /** Where to read from. It changes with a rebuild, so ask before each read, or have `promote()` replace a view. */
  async active(name: string): Promise<ProjectionTarget> {
    const found = await this.activeRecord(name);
    return found?.target ?? 'blue';
  }

  /**
   * Resolves when everything up to a position is in a projection, whichever process writes it: then what was appended there can be
   * read from it.
   *
   * @param position as an append has returned it
   * @throws DISPATCH_PROJECTION_BEHIND where that takes longer than the time limit
   * @throws DISPATCH_PROJECTION_STOPPED where it is stopped before
   */
  async whenCaughtUp(name: string, position: number, options: CatchUpOptions = {}): Promise<void> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    const endsAtMs = performance.now() + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      // Before it is looked: what is written meanwhile must end the waiting.
      const news = this.news();
      try {
        const found = await this.look(name);
        if (found !== undefined && found.position >= position) return;
        if (found?.stopReason !== undefined) throw new ProjectionStoppedError(name, found.stopReason);
        const leftMs = endsAtMs - performance.now();
        if (leftMs <= 0) throw new ProjectionBehindError(name, found?.position ?? 0, position, timeoutMs);
        await news.within(Math.min(leftMs, LOOK_EVERY_MS), signal);
      } finally {
        news.end();
      }
    }
  }

  /**
   * Builds a projection anew from the first event, beside what is read, and then switches: without a pause, in this process, while
   * others go on. Events that come meanwhile are in both. It fails as the projection's `onFailure` says, and then, as where it is
   * aborted, what was there before is read and written as before.
   *
   * @throws DISPATCH_REBUILD_UNDER_WAY where another one is
   * @throws DISPATCH_PROJECTION_STOPPED where an event fails after all retries and `onFailure` is `'stop'`
   * @throws DISPATCH_PROJECTION_LOST where the projection was reset or switched by somebody else, or what is active is of
   * a newer version; else what a store rejects with
   */
  async rebuild(name: string, options: RebuildOptions = {}): Promise<RebuildResult> {
    const model = this.model(name);
    const parts = this.parts.runningParts();
    const rebuilding = this.parts.outside(() => rebuild(parts, model, this.parts.ending, options));
    const settled = rebuilding.then(
      () => undefined,
      () => undefined,
    );
    this.rebuilds.add(settled);
    void settled.finally(() => this.rebuilds.delete(settled));
    const result = await rebuilding;
    this.parts.wake(name);
    return result;
  }

  /**
   * Empties the active target, with the projection's `prepare()`, and has it written from the first event again: what is read from
   * it is incomplete until then. What was parked of it is forgotten, and where it was stopped it goes on.
   *
   * @returns false where nothing was ever written
   * @throws DISPATCH_PROJECTION_LOST where what is active is of another version than the class here
   */
  async reset(name: string): Promise<boolean> {
    const model = this.model(name);
    const parts = this.parts.runningParts();
    const found = await this.activeRecord(name);
    if (found === undefined) return false;
    const { projection, target } = found;
    if (found.version !== model.version) throw new ProjectionLostError(projection, target);
    await this.parts.outside(() =>
      inScope(parts, this.parts.ending.aborting, async (scope) => {
        await parts.checkpoints.reset({ projection, target }, scope.transaction);
        await model.hooks.prepare?.(target, scope);
      }),
    );
    this.parts.wake(name);
    return true;
  }

  /** Lets a projection that is stopped go on, at the event it failed at. @returns false where it was not stopped */
  async resume(name: string): Promise<boolean> {
    this.model(name);
    const isResumed = await this.parts.runningParts().checkpoints.resume(name);
    this.parts.wake(name);
    return isResumed;
  }

  /** The events that a projection goes on without, in the order of their positions; they are fetched page by page. */
  async *parked(name: string, choice: ParkedChoice = {}): AsyncGenerator<ParkedRecord, void, undefined> {
    this.model(name);
    const { checkpoints } = this.parts.runningParts();
    for (let afterPosition = 0; ;) {
      const page = await checkpoints.parked({ ...choice, projection: name, afterPosition, limit: PAGE });
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      afterPosition = last.position;
    }
  }

  /**
   * Has parked events tried again by the process that writes the projection, soon, each once; those of one stream in their order,
   * and where one fails those behind it stay parked. A stream is parked no more when none of its events is.
   *
   * @returns how many it has asked for
   */
  async retryParked(name: string, choice: ParkedChoice = {}): Promise<number> {
    this.model(name);
    const { checkpoints } = this.parts.runningParts();
    return checkpoints.requestRetry({ ...choice, projection: name });
  }

  /** Gives parked events up for good: the projection never sees them. @returns how many */
  async discardParked(name: string, choice: ParkedChoice = {}): Promise<number> {
    this.model(name);
    return this.parts.runningParts().checkpoints.discardParked({ ...choice, projection: name });
  }

  /** Says that something was written, to those who wait for it. */
  wrote(): void {
    for (const wake of this.waiting) wake();
  }

  /** Resolves when no rebuild is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.rebuilds);
  }

  private async activeRecord(name: string): Promise<TargetRecord | undefined> {
    this.model(name);
    const records = await this.parts.runningParts().checkpoints.targets(name);
    return records.find(({ isActive }) => isActive);
  }

  /** Those who wait at once for one projection ask the store once. */
  private look(name: string): Promise<TargetRecord | undefined> {
    const known = this.looking.get(name);
    if (known !== undefined) return known;
    const looking = this.activeRecord(name).finally(() => this.looking.delete(name));
    this.looking.set(name, looking);
    return looking;
  }

  private model(name: string): ProjectionModel {
    const { models } = this.parts;
    const found = models.get(name);
    if (found === undefined) throw new UnknownProjectionError(name, [...models.keys()]);
    if (found.mode === 'inline') throw new InlineProjectionError(name);
    return found;
  }

  private news(): { within(ms: number, signal: AbortSignal | undefined): Promise<void>; end(): void } {
    const come = deferred<void>();
    const wake = (): void => come.resolve();
    this.waiting.add(wake);
    return {
      async within(ms, signal) {
        const timer = setTimeout(wake, ms);
        signal?.addEventListener('abort', wake);
        await come.promise;
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
      },
      end: () => void this.waiting.delete(wake),
    };
  }
}
