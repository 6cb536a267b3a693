import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { ChannelListener } from '../../../lib/integrations/postgres/connection/channel-listener.js';
import { PostgresClient } from '../../../lib/integrations/postgres/connection/postgres-client.js';
import type {
  PostgresConnectionOptions,
  PostgresPool,
} from '../../../lib/integrations/postgres/connection/postgres-options.js';
import { startPostgres } from '../../services/postgres.js';
import { until } from '../bullmq/instance.js';
import { freshSchema, SHARED } from './fresh-schema.js';

const ended: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

function listenerOn(connection: PostgresConnectionOptions | PostgresPool): ChannelListener {
  const client = new PostgresClient({ connection, maxConnections: 1, commandTimeoutMs: 5000 });
  const listener = new ChannelListener(client, 5000);
  ended.push(
    () => client.close(),
    () => listener.close(),
  );
  return listener;
}

function recorded(listener: ChannelListener, channel: string) {
  const told: (string | undefined)[] = [];
  const stop = listener.listen(channel, (payload) => void told.push(payload));
  return { told, stop, begun: () => until('the listening', () => told.includes(undefined)) };
}

describe('a listener to channels of Postgres', () => {
  it('tells what comes on its channels, each once, until it is stopped', async () => {
    const { schema: channel, pool } = freshSchema();
    const listener = listenerOn({ connectionString: SHARED });
    const [one, other] = [recorded(listener, channel), recorded(listener, `${channel}2`)];
    await Promise.all([one.begun(), other.begun()]);
    const late = recorded(listener, channel);
    await late.begun();
    await pool.query('SELECT pg_notify($1, $2)', [channel, 'a']);
    await until('it to be told', () => late.told.includes('a'));
    one.stop();
    await pool.query('SELECT pg_notify($1, $2)', [channel, 'b']);
    await until('it to be told', () => late.told.includes('b'));
    expect(one.told).toEqual([undefined, 'a']);
    expect(other.told).toEqual([undefined]);
    expect(late.told).toEqual([undefined, 'a', 'b']);
  });

  it('takes a connection of a pool that it was given, and leaves no other one listening', async () => {
    const { schema: channel } = freshSchema();
    const pool = new pg.Pool({ connectionString: SHARED, max: 2 });
    const listener = listenerOn(pool);
    await recorded(listener, channel).begun();
    expect(pool.totalCount).toBe(1);
    await listener.close();
    expect(pool.totalCount).toBe(0);
    await pool.end();
  });

  it('connects again where the connection is lost, or there was no server, and says that something may be lost', async () => {
    const postgres = await startPostgres();
    const listener = listenerOn({ connectionString: postgres.url });
    const { told, begun } = recorded(listener, 'bell');
    await begun();
    await postgres.kill('SIGQUIT');
    const late = recorded(listener, 'late');
    await postgres.restart();
    await until('the listening', () => told.length === 2);
    await late.begun();
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query("SELECT pg_notify('bell', 'x')");
    await until('it to be told', () => told.includes('x'));
    expect(told).toEqual([undefined, undefined, 'x']);
    await client.end();
    await postgres.stop();
  });

  it('closes while it connects, and connects no more', async () => {
    const listener = listenerOn({ connectionString: SHARED });
    const { told } = recorded(listener, 'never_used');
    await listener.close();
    recorded(listener, 'never_used');
    await listener.close();
    expect(told).toEqual([]);
  });
});
