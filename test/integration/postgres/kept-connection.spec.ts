import { describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { PostgresClient } from '../../../lib/integrations/postgres/connection/postgres-client.js';
import { rejectionOf } from '../../unit/dispatcher/application.js';
import { closedAfterwards, SHARED } from './fresh-schema.js';

/** A client over a pool of the caller's. */
function clientOver(max: number) {
  const pool = new pg.Pool({ connectionString: SHARED, max });
  closedAfterwards(() => pool.end());
  return { pool, client: new PostgresClient({ connection: pool, maxConnections: max, commandTimeoutMs: 5000 }) };
}

const backend = async (client: PostgresClient): Promise<number | undefined> => {
  const [row] = await client.runOnce<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid', values: [] });
  return row?.pid;
};

const turnIsOver = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('a connection whose statement was answered', () => {
  it('runs the statement that follows at once, and is in its pool when the turn is over', async () => {
    const { pool, client } = clientOver(2);
    const first = await backend(client);
    expect(pool.idleCount).toBe(0);
    expect(await backend(client)).toBe(first);
    await turnIsOver();
    expect(pool.idleCount).toBe(1);
  });

  it('is given to whoever waits for one, however many statements follow each other', async () => {
    const { pool, client } = clientOver(1);
    await backend(client);
    const state = { isAnswered: false };
    const other = pool.query('SELECT 1 AS one').finally(() => (state.isAnswered = true));
    for (let count = 0; count < 100 && !state.isAnswered; count += 1) await backend(client);
    expect(state.isAnswered).toBe(true);
    expect((await other).rows).toEqual([{ one: 1 }]);
  });

  it('is not kept where the statement broke it, and the next one has another', async () => {
    const { pool, client } = clientOver(2);
    const first = await backend(client);
    const text = 'SELECT pg_terminate_backend(pg_backend_pid())';
    expect(await rejectionOf(client.runOnce({ text, values: [] }))).toMatchObject({
      code: 'DISPATCH_POSTGRES_UNAVAILABLE',
    });
    expect(await backend(client)).not.toBe(first);
    await turnIsOver();
    expect(pool.totalCount).toBe(1);
  });

  it('is kept where the server refused the statement', async () => {
    const { client } = clientOver(2);
    const first = await backend(client);
    await expect(client.runOnce({ text: 'SELECT 1 / 0', values: [] })).rejects.toMatchObject({ code: '22012' });
    expect(await backend(client)).toBe(first);
  });

  it('is closed, and ends no process, where it breaks while it is kept', async () => {
    const { pool, client } = clientOver(2);
    await backend(client);
    const lent = (pool as unknown as { readonly _clients: readonly pg.PoolClient[] })._clients[0];
    lent?.emit('error', new Error('broken'));
    expect(pool.totalCount).toBe(0);
    expect(await backend(client)).toEqual(expect.any(Number));
  });
});
