import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Command, QueueErrorNotification, TaskFailedNotification } from 'nestjs-dispatch';
import { bullmq } from 'nestjs-dispatch/bullmq';

import { startIn, type Mode } from '../e2e/run-modes/modes.js';
import { startRedis, type RedisServer } from '../services/redis.js';
import { rejectionOf } from '../unit/dispatcher/application.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { collect, until } from '../unit/run-modes/queued-application.js';

// A server is started and stopped, on a machine that may be busy.
jest.setTimeout(60_000);

class Work extends Command<string> {
  constructor(readonly isBroken = false) {
    super();
  }
}

const work = commandHandler(Work, ({ isBroken }) => {
  if (isBroken) throw new RangeError('broken');
  return 'done';
});

// There, a worker without a listener for "error" ends the process when Redis goes away, and "failed" is something else.
describe('an application without listeners (taskforcesh/bullmq#1895)', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis({ appendonly: true });
  });
  afterAll(async () => {
    await redis.stop();
  });

  it('survives the end of its Redis, tells of it apart from messages that failed, and works again afterwards', async () => {
    const mode: Mode = { name: 'Redis', queue: () => bullmq({ connection: redis.url, whenDown: 'fail' }) };
    const application = await startIn(mode, { providers: [work] });
    const { dispatcher } = application;
    const errors = collect(application, QueueErrorNotification);
    const failures = collect(application, TaskFailedNotification);
    await rejectionOf(dispatcher.execute(new Work(true)));
    await until('the failure', () => failures.length === 1);
    expect(errors).toEqual([]);
    await redis.kill('SIGKILL');
    await until('an error of the store', () => errors.length > 0);
    await redis.restart();
    await until('an answer', () =>
      dispatcher.execute(new Work()).then(
        () => true,
        () => false,
      ),
    );
    expect(failures).toHaveLength(1);
    expect(errors[0]?.error.message).toMatch(/ECONNREFUSED|ECONNRESET|Connection is closed|does not answer/);
  });
});
