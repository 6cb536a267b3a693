import {
  RunMode,
  type DispatchOptions,
  type QueueBackendFactory,
  type QueueOptions,
  type QueueRole,
} from '../../../../lib/index.js';
import { bullmq, bullmqPostgres } from '../../../../lib/integrations/bullmq/index.js';
import { Apply } from './messages.js';

/** The queue that every message of a scene goes through. */
export const QUEUE = 'effects';

/** Which store, and which part of it belongs to one scene alone. */
export interface StoreAddress {
  readonly kind: 'redis' | 'postgres';
  readonly url: string;
  /** The prefix of the keys, or the schema. */
  readonly scope: string;
}

/** What the applications of a scene agree on. */
export interface Agreement {
  readonly store: StoreAddress;
  readonly queue: QueueOptions;
  readonly whenDown: 'fail' | 'wait';
}

/** What a process of a scene is told when it is started. */
export interface ProcessConfig extends Agreement {
  readonly name: string;
  /** Of the journal and the gates. */
  readonly folder: string;
  /** How many of a hundred attempts fail; which ones depends on the message and the attempt alone. */
  readonly failPercent: number;
}

/** The options of an application of a scene. */
export function dispatchOptions({ store, queue, whenDown }: Agreement, role: QueueRole): DispatchOptions {
  return {
    role,
    queue: backend(store, whenDown),
    queues: { each: { [QUEUE]: queue } },
    routes: [{ messages: [Apply], queue: QUEUE, runMode: RunMode.Async }],
    drainTimeoutMs: 500,
  };
}

function backend({ kind, url, scope }: StoreAddress, whenDown: Agreement['whenDown']): QueueBackendFactory {
  const shared = { connection: url, whenDown, commandTimeoutMs: 3000 };
  return kind === 'redis'
    ? bullmq({ ...shared, prefix: scope })
    : bullmqPostgres({ ...shared, schema: scope, migrate: true });
}
