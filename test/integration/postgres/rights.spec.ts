import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import {
  migratePostgres,
  postgresClaimCheck,
  postgresDeadLetters,
  postgresEventStore,
  postgresIdempotency,
  postgresOutbox,
  postgresSequence,
  postgresSnapshots,
} from '../../../lib/integrations/postgres/index.js';
import {
  claimCheckStoreContract,
  deadLetterStoreContract,
  eventStoreContract,
  idempotencyStoreContract,
  outboxStoreContract,
  sequenceStoreContract,
  snapshotStoreContract,
} from '../../../lib/testing/index.js';
import { startPostgres, type PostgresServer } from '../../services/postgres.js';
import { pgTransactions } from './pg-transactions.js';

let postgres: PostgresServer;
let connection: string;
let pool: pg.Pool;

beforeAll(async () => {
  postgres = await startPostgres();
  connection = postgres.url.replace('postgres@', 'app@');
  pool = new pg.Pool({ connectionString: connection });
  await migratePostgres({ connection: postgres.url });
  const owner = new pg.Client({ connectionString: postgres.url });
  await owner.connect();
  await owner.query(`CREATE ROLE app LOGIN; ${grants()}`);
  await owner.end();
});

afterAll(async () => {
  await pool.end();
  await postgres.stop();
});

describe('a user with the rights that the README names', () => {
  it.each(idempotencyStoreContract({ store: () => postgresIdempotency({ connection }) }))(
    'has a store of calls that $title',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it.each(claimCheckStoreContract({ store: () => postgresClaimCheck({ connection }) }))(
    'has a store of payloads that $title',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it.each(deadLetterStoreContract({ store: () => postgresDeadLetters({ connection }) }))(
    'has a store of dead letters that $title',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it.each(sequenceStoreContract({ store: () => postgresSequence({ connection }) }))(
    'has a store of sequences that $title',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it.each(outboxStoreContract({ place: emptyOutbox }))('has an outbox that $title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });

  it.each(eventStoreContract({ store: () => postgresEventStore({ connection }) }))(
    'has a store of events that $title',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it.each(snapshotStoreContract({ store: () => postgresSnapshots({ connection }) }))(
    'has a store of snapshots that $title',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it('may start with "migrate" where there is nothing to do, and may make nothing new', async () => {
    await expect(migratePostgres({ connection })).resolves.toBeUndefined();
    await expect(migratePostgres({ connection, schema: 'other' })).rejects.toThrow('permission denied');
  });
});

async function emptyOutbox() {
  await pool.query(`DELETE FROM dispatch.dispatch_outbox;
    UPDATE dispatch.dispatch_outbox_lanes SET taken_by = NULL, taken_until = '-infinity'`);
  const scope = pgTransactions(pool);
  return {
    store: () => postgresOutbox({ connection }),
    transact: (work: (client: unknown) => Promise<void>) => scope.run(work, {}),
  };
}

/** Read from the README, so that it stays true. */
function grants(): string {
  const text = readFileSync('lib/integrations/postgres/README.md', 'utf8');
  return /```sql\n(.*?)```/s.exec(text)?.[1] ?? '';
}
