import type { StoreAddress } from '../queue-store.js';

/** What one process of the sample is told when it starts; its role is in `DISPATCH_ROLE`. */
export interface Settings {
  /** Such as `worker-1`. */
  readonly name: string;
  readonly store: StoreAddress;
  /** Where the effects of handlers are noted. */
  readonly effectsFile: string;
}

/** The token of the settings. */
export const SETTINGS = Symbol('settings');

/** How many customers' orders are handled at once, in all workers together. */
export const LANES = 8;

/** How many messages of each other queue a worker handles at once. */
export const CONCURRENCY = 5;

/** The first worker to come to its command of this number is killed in it. Two workers handle 240, so one does. */
export const CRASH_AT = 40;
