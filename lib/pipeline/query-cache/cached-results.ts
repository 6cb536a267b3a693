import type { QueryInvalidation } from './invalidates-queries.decorator.js';

/** What a result is known by. */
export interface ResultFacts {
  readonly message: object;
  /** As the user's function gave it; undefined where there is none. */
  readonly ownKey: string | undefined;
}

/** How a result is made where there is none. */
export interface ResultLoad extends ResultFacts {
  /** Tells equal queries of the handler. */
  readonly key: string;
  readonly run: () => unknown;
  /** What the result is made of; undefined where that cannot be said, and the result is not kept. */
  readonly tagsOf: (result: unknown) => readonly string[] | undefined;
  /** Whether a failure concerns the one who ran alone. */
  readonly isOwnFailure: (error: unknown) => boolean;
  /** Whether the one who runs is no longer waited for, as its time is over: nobody is to wait for what may never come. */
  readonly isGivenUp: () => boolean;
}

interface Kept extends ResultFacts {
  readonly value: unknown;
  readonly tags: readonly string[];
  readonly endsAt: number;
}

interface Running extends ResultFacts {
  readonly promise: Promise<unknown>;
  /** What was dropped since it began: what it has read may be older. */
  readonly dropped: ((facts: ResultFacts, tags: readonly string[]) => boolean)[];
  readonly isGivenUp: () => boolean;
  isOwnFailure: boolean;
}

/** The results of one handler, the one asked for last at the end. Needs no timer: what has run out goes when it is met, or is the oldest. */
export class CachedResults {
  private readonly kept = new Map<string, Kept>();
  private readonly running = new Map<string, Running>();
  private readonly unfinished = new Set<Running>();

  constructor(
    private readonly ttlMs: number,
    private readonly maxEntries: number,
  ) {}

  /** The result that is kept, or that comes of the one who runs already, or of running. */
  async get(load: ResultLoad): Promise<unknown> {
    for (;;) {
      const kept = this.find(load.key);
      if (kept !== undefined) return kept.value;
      const running = this.running.get(load.key);
      if (running === undefined || running.isGivenUp()) return this.run(load);
      try {
        return await running.promise;
      } catch (error) {
        if (!running.isOwnFailure) throw error;
      }
    }
  }

  /** @returns how many results are dropped */
  drop(isMeant: (facts: ResultFacts, tags: readonly string[]) => boolean): number {
    for (const running of this.unfinished) running.dropped.push(isMeant);
    // What runs may have read what is no longer right, and its tags are not known yet: who comes now does not join it.
    this.running.clear();
    let count = 0;
    for (const [key, kept] of this.kept) {
      if (isMeant(kept, kept.tags) && this.kept.delete(key)) count += 1;
    }
    return count;
  }

  private find(key: string): Kept | undefined {
    const kept = this.kept.get(key);
    if (kept === undefined) return undefined;
    this.kept.delete(key);
    if (kept.endsAt <= performance.now()) return undefined;
    this.kept.set(key, kept);
    return kept;
  }

  private async run(load: ResultLoad): Promise<unknown> {
    const { key, message, ownKey, isGivenUp } = load;
    const promise = new Promise<unknown>((resolve) => {
      resolve(load.run());
    });
    const running: Running = { promise, message, ownKey, dropped: [], isGivenUp, isOwnFailure: false };
    this.running.set(key, running);
    this.unfinished.add(running);
    try {
      const value = await promise;
      this.keep(load, running, value);
      return value;
    } catch (error) {
      running.isOwnFailure = load.isOwnFailure(error);
      throw error;
    } finally {
      this.unfinished.delete(running);
      if (this.running.get(key) === running) this.running.delete(key);
    }
  }

  private keep({ key, message, ownKey, tagsOf }: ResultLoad, { dropped }: Running, value: unknown): void {
    const tags = tagsOf(value);
    if (tags === undefined || dropped.some((isMeant) => isMeant({ message, ownKey }, tags))) return;
    this.kept.delete(key);
    this.kept.set(key, { message, ownKey, value, tags, endsAt: performance.now() + this.ttlMs });
    const [oldest] = this.kept.keys();
    if (this.kept.size > this.maxEntries && oldest !== undefined) this.kept.delete(oldest);
  }
}

/** Tells which results an invalidation means. */
export function meantBy(given: QueryInvalidation): (facts: ResultFacts, tags: readonly string[]) => boolean {
  if (typeof given === 'string') return ({ ownKey }) => ownKey === given;
  if ('tag' in given) return (_facts, tags) => tags.includes(given.tag);
  return ({ message }) => message === given.message;
}
