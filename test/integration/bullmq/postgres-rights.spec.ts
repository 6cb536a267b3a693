import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import type { Delivery, Settlement } from '../../../lib/index.js';
import { bullmqPostgres, migrateBullmqPostgres } from '../../../lib/integrations/bullmq/index.js';
import { startPostgres, type PostgresServer } from '../../services/postgres.js';
import { entry, Instance, until } from './instance.js';

const ERROR = { name: 'Error', message: 'broken', code: undefined, stack: undefined };

describe('BullMQ on Postgres, with a user who has the rights that its README names', () => {
  let postgres: PostgresServer;
  let connection: string;

  beforeAll(async () => {
    postgres = await startPostgres();
    connection = postgres.url.replace('postgres@', 'app@');
    await migrateBullmqPostgres({ connection: postgres.url });
    const owner = new pg.Client({ connectionString: postgres.url });
    await owner.connect();
    await owner.query(`CREATE ROLE app LOGIN; ${grants()}`);
    await owner.end();
  });

  afterAll(() => postgres.stop());

  it('delivers, retries, replies, parks, pauses, cancels and counts', async () => {
    const instance = new Instance(bullmqPostgres({ connection }));
    const { backend } = instance;
    await backend.open();
    const queue = await instance.queue({ rateLimit: { max: 100 }, globalConcurrency: 5 });
    const consumer = await backend.consume(queue, settle);
    const replyTo = instance.instanceId;
    const sent = ['good', 'again', 'bad', 'wrong'].map((id) => entry({ id, replyTo }));
    const stored = await instance.enqueue(queue, ...sent, entry({ id: 'in order', key: 'k', replyTo }));
    expect(stored.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'stored'));
    await until('all replies', () => instance.replies.size === 5);
    expect((await backend.parked(queue.name, 'failed', 10)).map(({ id }) => id)).toEqual(['bad']);
    expect((await backend.parked(queue.name, 'invalid', 10)).map(({ id }) => id)).toEqual(['wrong']);
    await backend.pause(queue.name);
    await instance.enqueue(queue, entry({ id: 'late', delayMs: 60_000 }), entry({ id: 'waits' }));
    expect(await backend.counts(queue.name)).toMatchObject({ waiting: 1, delayed: 1, completed: 3, isPaused: true });
    expect(await backend.cancel(queue.name, 'late')).toBe('cancelled');
    await backend.resume(queue.name);
    await until('the last', async () => (await backend.read(queue.name, 'waits')).state === 'completed');
    await consumer.close();
    await backend.close();
    expect(instance.errors).toEqual([]);
  });

  it('does not make the schema, nor bring it up to date', async () => {
    await expect(migrateBullmqPostgres({ connection })).rejects.toThrow('permission denied');
    const { backend } = new Instance(bullmqPostgres({ connection, migrate: true }));
    await expect(backend.open()).rejects.toThrow('permission denied');
    await backend.close();
  });
});

async function settle(delivery: Delivery): Promise<Settlement> {
  const { id, attempt } = delivery;
  if (id === 'bad') return { action: 'park', place: 'failed', error: ERROR };
  if (id === 'wrong') return { action: 'park', place: 'invalid', error: ERROR };
  if (id === 'again' && attempt === 1) return { action: 'retry', delayMs: 1, error: ERROR };
  await delivery.progress(attempt);
  return { action: 'complete', result: id };
}

/** Read from the README, so that it stays true. */
function grants(): string {
  const text = readFileSync('lib/integrations/bullmq/postgres/README.md', 'utf8');
  return /```sql\n(.*?)```/s.exec(text)?.[1] ?? '';
}
