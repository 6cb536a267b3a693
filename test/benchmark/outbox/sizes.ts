import type { QueueBackendName } from '../queue/side.js';

/** What keeps the queues that the outbox is relayed to; the outbox itself is on Postgres. */
export type RelayedBackend = Exclude<QueueBackendName, 'memory'>;

/** How many messages a round takes. */
export const COUNTS: Readonly<Record<RelayedBackend, number>> = { redis: 20_000, postgres: 5000 };
/** How many are in a batch, on both sides: what the relay takes at once by default. */
export const BATCH_COUNT = 100;
/** How many keys those with one have. */
export const KEY_COUNT = 1000;

/** The names of the scenarios. */
export const NAMES = {
  relay: 'relay',
  relayKeyed: `relay, ${KEY_COUNT} keys`,
  bulk: `addBulk of ${BATCH_COUNT}, one after the other`,
} as const;

/** @throws an Error where it is another one */
export function relayedBackendOf(name: string): RelayedBackend {
  if (name === 'redis' || name === 'postgres') return name;
  throw new Error(`"${name}" is no backend that an outbox is relayed to: name redis or postgres`);
}
