import { randomUUID } from 'node:crypto';

import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import type { Settlement } from '../../../lib/index.js';
import { bullmqPostgres, migrateBullmqPostgres } from '../../../lib/integrations/bullmq/index.js';
import { duration, entry, Instance, recorder, until } from './instance.js';

const connection = process.env['TEST_POSTGRES_URL'] ?? '';
const schema = 'dispatch';

describe('BullMQ on Postgres', () => {
  let instance: Instance;
  let client: pg.Client;

  beforeAll(() => migrateBullmqPostgres({ connection, schema }));

  beforeEach(async () => {
    client = new pg.Client({ connectionString: connection, options: `-c search_path=${schema}` });
    await client.connect();
    instance = new Instance(bullmqPostgres({ connection, schema, maxConnections: 3 }));
    await instance.backend.open();
  });

  afterEach(async () => {
    await instance.backend.close();
    await client.end();
  });

  it('opens one connection to listen with, whatever the number of queues and lanes, and closes soon', async () => {
    const label = `test_${randomUUID().slice(0, 8)}`;
    const marked = new Instance(
      bullmqPostgres({ connection: { connectionString: connection, application_name: label }, maxConnections: 3 }),
    );
    await marked.backend.open();
    const queues = await Promise.all([1, 2, 3].map(() => marked.queue({ lanes: 4 })));
    const { seen, handle } = recorder();
    for (const queue of queues) await marked.backend.consume(queue, handle);
    await Promise.all(
      queues.map((queue) => marked.enqueue(queue, entry({ replyTo: marked.instanceId }), entry({ key: 'a' }))),
    );
    await until('all deliveries', () => seen.length === 6);
    await until('all replies', () => marked.replies.size === 3);
    const count = async (): Promise<number> => {
      const { rows } = await client.query('SELECT 1 FROM pg_stat_activity WHERE application_name = $1', [label]);
      return rows.length;
    };
    expect(await count()).toBeLessThanOrEqual(4);
    expect(await duration(marked.backend.close())).toBeLessThan(500);
    await until('the connections to be gone', async () => (await count()) === 0);
    expect(marked.errors).toEqual([]);
  });

  it('keeps texts that its JSON cannot hold, in data, results, progress and errors', async () => {
    const odd = 'nul \0, half \uD800 pair, \\u0000 and dispatch~base64';
    const queue = await instance.queue();
    const { seen } = recorder();
    const settlements: Settlement[] = [
      { action: 'complete', result: odd },
      { action: 'park', place: 'failed', error: { name: 'E', message: odd, code: undefined, stack: odd } },
      { action: 'park', place: 'invalid', error: { name: 'E', message: odd, code: undefined, stack: undefined } },
    ];
    const consumer = await instance.backend.consume(queue, async (delivery) => {
      seen.push(delivery);
      await delivery.progress(odd);
      return settlements[seen.length - 1] ?? { action: 'complete', result: undefined };
    });
    const entries = settlements.map(() => entry({ data: odd, replyTo: instance.instanceId }));
    await instance.enqueue(queue, ...entries);
    await until('the replies', () => instance.replies.size === 3);
    expect(seen.map(({ data }) => data)).toEqual([odd, odd, odd]);
    const [first = entry(), second = entry()] = entries;
    const read = await instance.backend.read(queue.name, first.id);
    expect(read).toMatchObject({ outcome: { status: 'completed', result: odd }, progress: odd });
    expect(instance.replies.get(second.id)).toMatchObject({ error: { message: odd } });
    const failed = await instance.backend.read(queue.name, second.id);
    expect(failed).toMatchObject({ state: 'failed', outcome: { error: { message: expect.stringMatching(/^nul/) } } });
    await consumer.close();
  });

  it('puts the entry of a worker that is gone before the later ones of its key', async () => {
    const queue = await instance.queue({ lanes: 1, lockMs: 200 });
    const place = `${queue.name}~0`;
    const ids = ['first', 'second', 'third'];
    await instance.enqueue(queue, ...ids.map((id) => entry({ id, key: 'a' })));
    // What a worker does that is killed right afterwards.
    await client.query(`SELECT id FROM move_to_active($1, 'gone', 200, $2, 'gone', NULL, NULL)`, [place, Date.now()]);
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await until('all deliveries', () => seen.length === 3);
    expect(seen.map(({ id }) => id)).toEqual(ids);
    expect(seen.map(({ attempt }) => attempt)).toEqual([2, 1, 1]);
    expect(instance.events).toContainEqual(
      expect.objectContaining({ type: 'stalled', queue: queue.name, id: 'first' }),
    );
    await consumer.close();
  });

  it('does not ask the server again and again while another process has the lane', async () => {
    const pool = new pg.Pool({ connectionString: connection, options: `-c search_path=${schema}` });
    const watched = new Instance(bullmqPostgres({ connection: pool, schema }));
    await watched.backend.open();
    const queue = await watched.queue({ lanes: 1 });
    const place = `${queue.name}~0`;
    const { seen, handle } = recorder();
    const consumer = await watched.backend.consume(queue, handle);
    await client.query('INSERT INTO job (queue, id, seq, name, state, added_at_ms) VALUES ($1, $2, 0, $2, $3, 0)', [
      place,
      'running',
      'active',
    ]);
    await watched.enqueue(queue, entry({ key: 'a' }));
    let queryCount = 0;
    pool.on('acquire', () => queryCount++);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // A worker that asks without a pause does so some hundred times a second.
    expect(queryCount).toBeLessThan(20);
    expect(seen).toEqual([]);
    await client.query(`DELETE FROM job WHERE queue = $1 AND id = 'running'`, [place]);
    await client.query(`SELECT pg_notify('bullmq_jobs', $1)`, [place]);
    await until('the delivery', () => seen.length === 1);
    await consumer.close();
    await watched.backend.close();
    await pool.end();
  });

  it('keeps the order of calls that nobody waits for', async () => {
    const queue = await instance.queue();
    const sent = Array.from({ length: 300 }, (_, index) => entry({ id: `e${index}` }));
    await Promise.all(sent.map((each) => instance.enqueue(queue, each)));
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await until('all deliveries', () => seen.length === 300);
    expect(seen.map(({ id }) => id)).toEqual(sent.map(({ id }) => id));
    await consumer.close();
  });

  it('hands on a job that a stranger added with BullMQ itself', async () => {
    const queue = await instance.queue();
    await client.query('SELECT add_job($1, $2, $3, $4, $5, 0, 0, 0, 1, NULL, NULL, NULL, NULL, NULL, false)', [
      queue.name,
      '',
      'strange',
      '[1]',
      '{}',
    ]);
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await until('the delivery', () => seen.length === 1);
    expect(seen[0]).toMatchObject({ id: '1', name: 'strange', data: [1] });
    await consumer.close();
  });
});
