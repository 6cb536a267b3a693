import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Command, Queues } from 'nestjs-dispatch';
import { Client } from 'pg';

import { newQueue, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { until } from '../unit/run-modes/queued-application.js';

class Known extends Command {}
class Stranger extends Command {}

/** Makes a queue take no parked messages. @returns what ends that */
type Block = (queue: string) => Promise<() => Promise<void>>;

const redis = new Redis(process.env['TEST_REDIS_URL'] ?? '', { lazyConnect: true });
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** The counter that each write begins with is no number. */
const onRedis: Block = async (queue) => {
  const key = `test-modes:${queue}~unhandled:id`;
  await redis.connect();
  ends.push(async () => redis.disconnect());
  await redis.set(key, 'in the way');
  return async () => void (await redis.del(key));
};

/** The table refuses rows of that queue. */
const onPostgres: Block = async (queue) => {
  const client = new Client({ connectionString: process.env['TEST_POSTGRES_URL'] });
  await client.connect();
  const name = `refuse_${queue.replaceAll('-', '_')}`;
  const drop = async (): Promise<void> =>
    void (await client.query(`drop function if exists test_modes.${name}() cascade`));
  ends.push(async () => {
    await drop();
    await client.end();
  });
  await client.query(`
    create function test_modes.${name}() returns trigger language plpgsql as $$ begin raise 'no room'; end $$;
    create trigger ${name} before insert on test_modes.job for each row when (new.queue = '${queue}~unhandled')
      execute function test_modes.${name}()`);
  return drop;
};

// There, a message whose dead letters cannot be reached is acknowledged all the same, and gone.
describe.each(SHARED_MODES)('a message that cannot be parked, $name (symfony#64865)', (mode) => {
  it('stays unacknowledged, and is parked as soon as that works', async () => {
    const queue = newQueue();
    const sender = await startIn(mode, { queue, options: { role: 'send', messages: [Stranger] } });
    const unblock = await (mode.name.includes('Redis') ? onRedis : onPostgres)(queue);
    const known = commandHandler(Known, () => undefined);
    // The last one, whose log all write to.
    const { app, log } = await startIn(mode, { queue, settings: { lockMs: 300 }, providers: [known] });
    const queues = app.get(Queues);
    await sender.dispatcher.send(new Stranger(), { id: 'm1', queue });
    const failures = (): readonly string[] => log.lines.filter((line) => /no room|not an integer/.test(line));
    await until('a second attempt to park it', () => failures().length >= 2);
    expect(await sender.dispatcher.receipt(`m1@${queue}`).status()).not.toMatch(/failed|unknown|completed/);

    await unblock();
    await until('it is parked', async () => (await queues.parked(queue, 'unhandled', 10)).length > 0);
    expect(await queues.parked(queue, 'unhandled', 10)).toMatchObject([
      { id: 'm1', error: { code: 'DISPATCH_UNHANDLED_ENTRY' } },
    ]);
  });
});
