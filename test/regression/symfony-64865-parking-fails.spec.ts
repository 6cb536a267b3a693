import { Redis } from 'ioredis';
import { describe, expect, it } from '@jest/globals';
import { Queues } from 'nestjs-dispatch';
import pg from 'pg';

import { until } from '../unit/run-modes/queued-application.js';
import { Count, Ship, startLetters } from '../e2e/run-modes/letters.js';
import { newQueue, SHARED_MODES, type Mode } from '../e2e/run-modes/modes.js';

type Place = 'failed' | 'invalid';

/** Keeps a store from parking in one place of a queue. @returns what ends that */
type Sabotage = (queue: string, place: Place) => Promise<() => Promise<void>>;

/** The key that the script writes to first has another type: it ends there, and has done nothing. */
const breakRedis: Sabotage = async (queue) => {
  const redis = new Redis(process.env['TEST_REDIS_URL'] ?? '');
  const key = `test-modes:${queue}~invalid:id`;
  await redis.set(key, 'not to be written to');
  return async () => {
    await redis.del(key);
    await redis.quit();
  };
};

/** A trigger that refuses the row. */
const breakPostgres: Sabotage = async (queue, place) => {
  const client = new pg.Client({
    connectionString: process.env['TEST_POSTGRES_URL'] ?? '',
    options: '-c search_path=test_modes',
  });
  await client.connect();
  const name = `refuse_${queue.replaceAll('-', '_')}`;
  const isIt =
    place === 'failed' ? `NEW.queue = '${queue}' AND NEW.state = 'failed'` : `NEW.queue = '${queue}~invalid'`;
  await client.query(`CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the disk is full'; END; $$`);
  await client.query(`CREATE TRIGGER ${name} BEFORE INSERT OR UPDATE ON job FOR EACH ROW
    WHEN (${isIt}) EXECUTE FUNCTION ${name}()`);
  return async () => {
    await client.query(`DROP TRIGGER ${name} ON job`);
    await client.query(`DROP FUNCTION ${name}()`);
    await client.end();
  };
};

/** On Redis what fails stays in one script with the end of its delivery, so there is no moment in between to break. */
const CASES = SHARED_MODES.flatMap((mode): { mode: Mode; name: string; place: Place; sabotage: Sabotage }[] => {
  const { name } = mode;
  if (name === 'BullMQ on Redis') return [{ mode, name, place: 'invalid', sabotage: breakRedis }];
  return (['failed', 'invalid'] as const).map((place) => ({ mode, name, place, sabotage: breakPostgres }));
});

// There, a message whose failure transport is down is neither there nor in its own transport any more.
describe('a message that cannot be parked (symfony/symfony#64865)', () => {
  it.each(CASES)('as $place stays in its queue, and is parked once that works again, $name', async (given) => {
    const { mode, place, sabotage } = given;
    const queue = newQueue();
    const application = await startLetters(mode, {
      queue,
      settings: { lockMs: 200, maxAttempts: place === 'failed' ? 1 : 4 },
    });
    const { app, dispatcher, letters, faults, log } = application;
    const queues = app.get(Queues);
    await queues.pause(queue);
    faults.broken.add('lorry');
    await (place === 'failed' ? dispatcher.send(new Ship('lorry')) : dispatcher.send(Count.of('many')));
    const mend = await sabotage(queue, place);
    try {
      await queues.resume(queue);
      await until('parking to fail', () => /not an integer|disk is full/.test(JSON.stringify(log)));
      expect(
        await letters.list({ queue, place }).then(
          ({ letters: all }) => all.length,
          () => 0,
        ),
      ).toBe(0);
    } finally {
      await mend();
    }
    await until('it to be parked', async () => (await letters.count({ queue, place })) === 1);
  });
});
