import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { Command, inMemoryQueue, QueueAlertNotification, QueueHealth, type QueueBackendFactory } from 'nestjs-dispatch';
import { bullmq, bullmqPostgres } from 'nestjs-dispatch/bullmq';
import pg from 'pg';

import { startIn, type Mode } from '../e2e/run-modes/modes.js';
import { startRedis, type RedisServer } from '../services/redis.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { collect, until } from '../unit/run-modes/queued-application.js';

// A server is started, on a machine that may be busy.
jest.setTimeout(60_000);

class Ping extends Command<string> {}

const providers = [commandHandler(Ping, () => 'pong')];
const ANSWERS = Array.from({ length: 6 }, () => 'pong');

describe('a worker whose connections broke (taskforcesh/bullmq#3185)', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis.stop();
  });

  // There, the worker is idle for ever after a reconnect, while jobs wait.
  it('on Redis handles what comes afterwards, again and again', async () => {
    const mode: Mode = { name: 'Redis', queue: () => bullmq({ connection: redis.url }) };
    expect(await answersAfter(mode, () => cutRedis(redis.url))).toEqual(ANSWERS);
  });

  it('on Postgres handles what comes afterwards, again and again', async () => {
    const name = 'test-cut';
    const url = process.env['TEST_POSTGRES_URL'] ?? '';
    const connection = { connectionString: url, application_name: name };
    const mode: Mode = {
      name: 'Postgres',
      queue: () => bullmqPostgres({ connection, schema: 'test_modes', migrate: true }),
    };
    expect(await answersAfter(mode, () => cutPostgres(url, name))).toEqual(ANSWERS);
  });

  it('and that stays idle all the same is told of by the health of the queue', async () => {
    const mode: Mode = { name: 'idle', queue: () => idle(inMemoryQueue()) };
    const options = { queueHealth: { everyMs: 20 } };
    const application = await startIn(mode, { providers, options });
    const alerts = collect(application, QueueAlertNotification);
    await application.dispatcher.send(new Ping());
    await until('the alert', () => alerts.some(({ alert }) => alert === 'idle'));
    const reports = await application.app.get(QueueHealth).check(application.queue);
    expect(reports).toMatchObject([{ depth: 1, isIdleWhileWaiting: true, isHealthy: false }]);
  });
});

/** What is answered before and after the connections are cut, three times over. */
async function answersAfter(mode: Mode, cut: () => Promise<number>): Promise<string[]> {
  const { dispatcher } = await startIn(mode, { providers });
  const answers: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    answers.push(await dispatcher.execute(new Ping()));
    if ((await cut()) === 0) throw new Error('there was no connection to cut');
    // A send may meet the broken connection, and says so; whoever sends again gets an answer.
    await until('an answer', () =>
      dispatcher.execute(new Ping()).then(
        (answer) => answers.push(answer) > 0,
        () => false,
      ),
    );
  }
  return answers;
}

/** Ends every other connection of a server. @returns how many there were */
async function cutRedis(url: string): Promise<number> {
  const redis = new Redis(url);
  const counts = [await redis.client('KILL', 'TYPE', 'normal'), await redis.client('KILL', 'TYPE', 'pubsub')];
  redis.disconnect();
  return counts.map(Number).reduce((sum, count) => sum + count, 0);
}

async function cutPostgres(url: string, name: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  const text = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1';
  const { rowCount } = await client.query(text, [name]);
  await client.end();
  return rowCount ?? 0;
}

/** A backend that takes everything in and hands nothing out, as a worker whose connection hangs. */
function idle({ name, create }: QueueBackendFactory): QueueBackendFactory {
  return {
    name,
    create(host) {
      const backend = create(host);
      const consumer = { stop: () => undefined, close: () => Promise.resolve() };
      return Object.assign(backend, { consume: () => Promise.resolve(consumer) });
    },
  };
}
