import { Pool, type PoolClient } from 'pg';

import type { DispatchOptions, OutboxStore, TransactionScope } from '../../../lib/index.js';
import { postgresOutbox } from '../../../lib/integrations/postgres/index.js';
import type { StoreAddress } from '../../processes/stores.js';
import type { Strikes } from './strikes.js';

/** How long what a killed worker has taken waits for another one, in milliseconds. */
const LEASE_MS = 1000;

/** What sends through an outbox, and what relays. */
export type OutboxParts = Pick<DispatchOptions, 'transactions' | 'outbox'>;

/** Where the outbox of a run is; none but on Postgres, where it is in the store under test. */
export function outboxSchema({ kind, scope }: StoreAddress): string | undefined {
  return kind === 'postgres' ? `${scope}_outbox` : undefined;
}

/** The options of a process that sends through the outbox, and leaves it to workers to relay. */
export function sendingOutbox(store: StoreAddress): OutboxParts {
  const outbox = outboxAt(store);
  return outbox === undefined
    ? {}
    : { transactions: { scope: scopeAt(store) }, outbox: { store: outbox, relay: false } };
}

/** The options of a worker that relays, and comes by the points of that. */
export function relayingOutbox(store: StoreAddress, strikes: Strikes): OutboxParts {
  const outbox = outboxAt(store);
  if (outbox === undefined) return {};
  const [take, settle] = [outbox.take.bind(outbox), outbox.settle.bind(outbox)];
  const taken = (batch: Awaited<ReturnType<typeof take>>) => {
    if (batch !== undefined) strikes.reached('relaying', batch.messages[0]?.entry.id ?? '');
    return batch;
  };
  outbox.take = async (asked) => taken(await take(asked));
  outbox.settle = async (batch, ends, next) => {
    strikes.reached('relayed', batch.messages[0]?.entry.id ?? '');
    return taken(await settle(batch, ends, next));
  };
  return { transactions: { scope: scopeAt(store) }, outbox: { store: outbox, leaseMs: LEASE_MS, pollEveryMs: 100 } };
}

function outboxAt(store: StoreAddress): OutboxStore | undefined {
  const schema = outboxSchema(store);
  return schema === undefined ? undefined : postgresOutbox({ connection: store.url, schema, migrate: true });
}

function scopeAt({ url }: StoreAddress): TransactionScope<PoolClient> {
  const pool = new Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 5000 });
  pool.on('error', () => undefined);
  return {
    async run(work) {
      const client = await pool.connect();
      // Whoever runs a statement is told.
      client.on('error', ignore);
      let isBroken = true;
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        isBroken = false;
        return result;
      } finally {
        client.removeListener('error', ignore);
        // What is not committed ends with its connection.
        client.release(isBroken);
      }
    },
    close: () => pool.end(),
  };
}

function ignore(): void {}
