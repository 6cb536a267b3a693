import type { OrderData, OrderReply } from './orders.js';
import type { Tally } from './tally.js';

/** What stores the queues. */
export type QueueBackendName = 'redis' | 'postgres' | 'memory';

/** Everything there is, in the order it is measured. */
export const BACKENDS: readonly QueueBackendName[] = ['redis', 'postgres', 'memory'];

/** @throws an Error that names those there are */
export function backendOf(text: string): QueueBackendName {
  const backend = BACKENDS.find((name) => name === text);
  if (backend === undefined) throw new Error(`"${text}" is no backend: name ${BACKENDS.join(', ')}`);
  return backend;
}

/** Who works on the queue of a round. */
export interface RoundOptions {
  /** How many handlers run at once; undefined: nobody works on it. */
  readonly concurrency?: number;
  /** How many keys are handled at once; the peer, which knows no keys, runs as many handlers. */
  readonly lanes?: number;
  /** Whether answers are waited for, which needs a connection more on the peer's side. */
  readonly hasRequests?: boolean;
  /** How many completed messages are kept, the oldest for an hour. */
  readonly keepCount: number;
  readonly tally: Tally;
}

/** A fresh queue, with nothing in it. */
export interface QueueRound {
  send(order: OrderData): Promise<unknown>;
  /** Sends many in one call, where that is a call of its own. */
  sendBulk?(orders: readonly OrderData[]): Promise<unknown>;
  /** Sends one that is handled after the others of its key. */
  sendKeyed(order: OrderData, key: string): Promise<unknown>;
  /** Sends one and waits for the handler's answer; undefined where that never came. */
  request(order: OrderData): Promise<OrderReply | undefined>;
  /** Lets the worker begin, which rests until then. */
  work(): Promise<void>;
  close(): Promise<void>;
}

/** One of the two sides, on one backend. */
export interface QueueSide {
  /** Opens a fresh queue; the worker is ready, and rests, when it resolves. */
  open(options: RoundOptions): Promise<QueueRound>;
}
