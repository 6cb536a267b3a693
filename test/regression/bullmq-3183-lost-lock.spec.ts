import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Command, isDispatchError, TaskStalledNotification, type HandlerContext } from 'nestjs-dispatch';

import { newQueue, QUEUED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { deferred } from '../unit/dispatcher/deferred.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { collect, until } from '../unit/run-modes/queued-application.js';

class Charge extends Command<string> {}

const redis = new Redis(process.env['TEST_REDIS_URL'] ?? '', { lazyConnect: true });

afterEach(() => {
  redis.disconnect();
});

const onRedis = QUEUED_MODES.filter(({ name }) => name.includes('Redis'));

// There, the handler that lost its job goes on beside the one that got it, its result counts, and nobody tells it.
describe.each(onRedis)('a handler that lost its hold on a message (taskforcesh/bullmq#3183)', (mode) => {
  it('is told to stop, has its result ignored, and the next attempt knows what it may repeat', async () => {
    const reasons: unknown[] = [];
    const attempts: string[] = [];
    const [started, goOn] = [deferred(), deferred()];
    const charge = async (_charge: Charge, { attempt, idempotencyKey, signal }: HandlerContext) => {
      attempts.push(`${attempt} ${idempotencyKey}`);
      if (attempt > 1) return 'charged by the second';
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      started.resolve();
      await goOn.promise;
      return 'charged by the first';
    };
    const settings = { maxAttempts: 4, lockMs: 400 };
    const setup = { queue: newQueue(), settings, providers: [commandHandler(Charge, charge)] };
    const applications = [await startIn(mode, setup), await startIn(mode, setup)] as const;
    const stalled = applications.map((application) => collect(application, TaskStalledNotification));
    const answer = applications[0].dispatcher.execute(new Charge(), { id: 'm1' });
    answer.catch(() => 'the test fails where it looks at it');
    await started.promise;
    await takeLocks(setup.queue);
    await until('the abort', () => reasons.length > 0);
    // It does not listen: what it returns comes after all.
    await until('the second attempt', () => attempts.length > 1);
    goOn.resolve();
    expect(await answer).toBe('charged by the second');
    expect(isDispatchError(reasons[0], 'DISPATCH_LOCK_LOST')).toBe(true);
    expect(attempts).toEqual(['1 m1:ChargeHandler', '2 m1:ChargeHandler']);
    expect(stalled.flat()).toMatchObject([{ receiptId: `m1@${setup.queue}` }]);
  });
});

/** Takes the holds on all jobs of a queue away, as time does with that of a process that was stopped. */
async function takeLocks(queue: string): Promise<void> {
  await redis.connect();
  const locks = await redis.keys(`*${queue}*:lock`);
  expect(locks).toHaveLength(1);
  await redis.del(...locks);
}
