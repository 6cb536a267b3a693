import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { bullmqPostgres, migrateBullmqPostgres } from '../../../lib/integrations/bullmq/index.js';
import { entry, Instance, until } from './instance.js';

const connection = process.env['TEST_POSTGRES_URL'] ?? '';
const schema = 'dispatch';
const RECOVER = 'SELECT t FROM dispatch_recover_stalled($1, 100, $2, 500) AS t';
/** Long after the lock of the job is over. */
const NOW_MS = 1_000_000;

describe('two processes that look for abandoned jobs on Postgres at once', () => {
  let instance: Instance;
  let first: pg.Client;
  let second: pg.Client;

  beforeAll(() => migrateBullmqPostgres({ connection, schema }));

  beforeEach(async () => {
    first = new pg.Client({ connectionString: connection, options: `-c search_path=${schema}` });
    second = new pg.Client({ connectionString: connection, options: `-c search_path=${schema}` });
    await Promise.all([first.connect(), second.connect()]);
    instance = new Instance(bullmqPostgres({ connection, schema, maxConnections: 3 }));
    await instance.backend.open();
  });

  afterEach(async () => {
    await instance.backend.close();
    await Promise.all([first.end(), second.end()]);
  });

  it('leave an abandoned job its place before the later ones of its key', async () => {
    const queue = await instance.queue({ lanes: 1 });
    await instance.enqueue(queue, entry({ id: 'abandoned', key: 'a' }), entry({ id: 'later', key: 'a' }));
    const lane = `${queue.name}~0`;
    await first.query(
      `UPDATE job SET state = 'active', lock_token = 'gone', locked_until_ms = 1 WHERE queue = $1 AND id LIKE '%abandoned'`,
      [lane],
    );

    await first.query('BEGIN');
    await first.query(RECOVER, [lane, NOW_MS]);
    let hasAnswered = false;
    const other = second.query(RECOVER, [lane, NOW_MS + 1]).finally(() => {
      hasAnswered = true;
    });
    await until('the second to answer, or to wait for the first', async () => hasAnswered || (await isWaiting(first)));
    await first.query('COMMIT');
    await other;
    await second.query(RECOVER, [lane, NOW_MS + 1000]);

    const { rows } = await first.query<{ id: string; state: string }>(
      'SELECT id, state FROM job WHERE queue = $1 ORDER BY seq',
      [lane],
    );
    expect(rows.map(({ id, state }) => `${id.replace(/^.*:/, '')} ${state}`)).toEqual([
      'abandoned waiting',
      'later waiting',
    ]);
  });
});

describe('idle workers of a lane on Postgres, which have seen that somebody is at work in it', () => {
  const instance = new Instance(bullmqPostgres({ connection, schema, maxConnections: 3 }));
  let client: pg.Client;
  let told: (string | undefined)[];

  beforeAll(async () => {
    await migrateBullmqPostgres({ connection, schema });
    await instance.backend.open();
  });
  afterAll(() => instance.backend.close());

  beforeEach(async () => {
    client = new pg.Client({ connectionString: connection, options: `-c search_path=${schema}` });
    await client.connect();
    told = [];
    client.on('notification', ({ payload }) => told.push(payload));
  });
  afterEach(() => client.end());

  // The worker of the first may be about to end: a kill here once left the others waiting for 5 s.
  it.each([
    ['is to be tried again later', `dispatch_delay($1, $2, 'mine', 99999999999999, 1000, false, 'no', '[]')`],
    ['is completed, and no other fetched', `dispatch_move_to_completed($1, $2, 'mine', '1', 5, false, NULL, 100)`],
    [
      'has failed, and no other was fetched',
      `dispatch_move_to_failed($1, $2, 'mine', 'no', '[]', 5, false, NULL, 100)`,
    ],
  ])('are woken when its job %s', async (_how, call) => {
    const lane = await laneWith('first', 'second');
    const { rows } = await client.query<{ id: string }>(
      `UPDATE job SET state = 'active', lock_token = 'mine', locked_until_ms = 99999999999999
       WHERE queue = $1 AND id LIKE '%first' RETURNING id`,
      [lane],
    );
    await client.query('LISTEN bullmq_jobs');
    await client.query(`SELECT ${call}`, [lane, rows[0]?.id]);
    await until('them to be told', () => told.length > 0);
    expect(told).toContain(lane);
  });

  it('are woken when it is completed, and what is left is due later', async () => {
    const lane = await laneWith('first', 'second');
    await client.query(
      `UPDATE job SET state = 'delayed', process_at_ms = 99999999999999 WHERE queue = $1 AND id LIKE '%second'`,
      [lane],
    );
    const { rows } = await client.query<{ id: string }>(
      `UPDATE job SET state = 'active', lock_token = 'mine', locked_until_ms = 99999999999999
       WHERE queue = $1 AND id LIKE '%first' RETURNING id`,
      [lane],
    );
    await client.query('LISTEN bullmq_jobs');
    await client.query(
      `SELECT * FROM dispatch_move_to_completed_fetch($1, $2, 'mine', '1', 5, false, NULL, 100, 1000, 5, 'me', NULL, NULL)`,
      [lane, rows[0]?.id],
    );
    await until('them to be told', () => told.length > 0);
    expect(told).toContain(lane);
  });

  async function laneWith(...ids: readonly string[]): Promise<string> {
    const queue = await instance.queue({ lanes: 1 });
    await instance.enqueue(queue, ...ids.map((id) => entry({ id, key: 'a' })));
    const lane = `${queue.name}~0`;
    await client.query(`INSERT INTO meta (queue, field, value) VALUES ($1, 'concurrency', '1')`, [lane]);
    return lane;
  }
});

async function isWaiting(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%dispatch_recover_stalled%'`,
  );
  return rows.length > 0;
}
