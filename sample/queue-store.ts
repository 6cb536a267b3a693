import { inMemoryQueue, type QueueBackendFactory } from 'nestjs-dispatch';
import { bullmq, bullmqPostgres } from 'nestjs-dispatch/bullmq';

import { startPostgres } from '../test/services/postgres.js';
import { startRedis } from '../test/services/redis.js';

const KINDS = ['memory', 'redis', 'postgres'] as const;

/** Where the queues of a sample are, as `--queue` says it. */
export type StoreKind = (typeof KINDS)[number];

/** Where to find the queues of one run of a sample; plain data, so that one process can tell another. */
export interface StoreAddress {
  readonly kind: StoreKind;
  /** Empty for `memory`. */
  readonly url: string;
  /** Keeps the queues of this run apart from whatever else is in the store. */
  readonly namespace: string;
}

/** A store that runs, at least until `stop()`. */
export interface RunningStore {
  readonly address: StoreAddress;
  /** Ends the server that was started for this run; one that was there before stays. */
  stop(): Promise<void>;
}

/** What `--queue` may be. @throws Error naming what there is */
export function storeKind(text: string): StoreKind {
  const kind = KINDS.find((known) => known === text);
  if (kind === undefined) throw new Error(`There is no --queue ${text}: give ${KINDS.join(', ')}.`);
  return kind;
}

/** Uses the server that `REDIS_URL` or `POSTGRES_URL` names; where there is none, starts one for the time of the run. */
export async function startStore(kind: StoreKind): Promise<RunningStore> {
  const server = await serverFor(kind);
  const namespace = `sample_${Date.now()}_${process.pid}`;
  return { address: { kind, url: server.url, namespace }, stop: () => server.stop() };
}

/** The one line of an application that differs between the stores. */
export function queueIn({ kind, url, namespace }: StoreAddress): QueueBackendFactory {
  switch (kind) {
    case 'memory':
      return inMemoryQueue();
    case 'redis':
      return bullmq({ connection: url, prefix: namespace });
    case 'postgres':
      return bullmqPostgres({ connection: url, schema: namespace, migrate: true });
  }
}

async function serverFor(kind: StoreKind): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const given = { memory: '', redis: process.env['REDIS_URL'], postgres: process.env['POSTGRES_URL'] }[kind];
  if (given !== undefined) return { url: given, stop: () => Promise.resolve() };
  return kind === 'redis' ? startRedis() : startPostgres();
}
