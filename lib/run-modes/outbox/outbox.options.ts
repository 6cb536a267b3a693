import type { OutboxStore } from './outbox-store.port.js';

/** When an outbox is outside its limits, and how often that is looked at. */
export interface OutboxHealthOptions {
  /** How many messages may wait to be handed to their queues, from 0. Default 1000. */
  readonly maxWaiting?: number;
  /** How long the oldest of them may have waited, in milliseconds from when it was sent. Default 60 000. */
  readonly maxOldestWaitingMs?: number;
  /** How many messages may be set aside. Default 0. */
  readonly maxFailed?: number;
  /** How often that is looked at, in milliseconds; 0 for never. Default 30 000. */
  readonly everyMs?: number;
}

/** The option `outbox` of `DispatchModule.forRoot()`, where it is more than `true`. */
export interface OutboxOptions {
  /**
   * What keeps the messages; must be able to write in the transactions of `transactions.scope`: `postgresOutbox()` of
   * `nestjs-dispatch/postgres`, or one of your own. Default `inMemoryOutbox()`.
   */
  readonly store?: OutboxStore;
  /**
   * Which messages go through it when they are sent in a transaction: all that go to a queue but for routes with
   * `outbox: false`, or only those of routes with `outbox: true`. Default `'all'`.
   */
  readonly messages?: 'all' | 'routed';
  /**
   * Whether what a handler sends or publishes through the outbox outside of a transaction is refused. With `context: 'explicit'` only what it sends
   * with its context is known to be a handler's. Default false.
   */
  readonly strict?: boolean;
  /**
   * Whether this process hands messages to their queues; some process has to. The environment variable `DISPATCH_RELAY`, `on` or
   * `off`, comes first. Default true.
   */
  readonly relay?: boolean;
  /** How many messages are taken at once, from 1 to 1000. Default 100. */
  readonly batchCount?: number;
  /** How often the store is asked without having said anything, in milliseconds from 10. Default 1000. */
  readonly pollEveryMs?: number;
  /**
   * How long messages are left to a relay that took them, in milliseconds from 1000: so long they wait where its process dies.
   * It should be longer than twice what a queue may take to answer: after half of it no further message of a key is handed over. Default 15 000.
   */
  readonly leaseMs?: number;
  /** How often a message is handed to a queue that refuses it until it is set aside, from 1. Default 10. */
  readonly maxAttempts?: number;
  readonly health?: OutboxHealthOptions;
}

/** The same, complete. */
export interface ResolvedOutbox extends Required<Omit<OutboxOptions, 'health'>> {
  readonly health: Required<OutboxHealthOptions>;
}
