import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command, isDispatchError, Queues, type HandlerContext } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { deferred } from '../unit/dispatcher/deferred.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Meter extends Command<number> {}

// There, a shutdown fails what is being handled, and so sends it to the poison queue.
describe.each(SHARED_MODES)('a message that is being handled at the shutdown, $name (openmeter#3141)', (mode) => {
  it('is no failure: its only attempt is left to the next process', async () => {
    const started = deferred();
    const reasons: unknown[] = [];
    const meter = commandHandler(Meter, async (_meter: Meter, { attempt, signal }: HandlerContext) => {
      if (reasons.length > 0) return attempt;
      started.resolve();
      return delay(60_000, 0, { signal }).catch((error: unknown) => {
        reasons.push(signal.reason);
        throw error;
      });
    });
    const setup = { queue: newQueue(), settings: { maxAttempts: 1 }, providers: [meter] };
    const ending = await startIn(mode, { ...setup, options: { drainTimeoutMs: 50 } });
    const { id } = await ending.dispatcher.send(new Meter(), { id: 'm1' });
    await started.promise;
    await ending.app.close();
    expect(isDispatchError(reasons[0], 'DISPATCH_SHUTDOWN')).toBe(true);

    const { app, dispatcher } = await startIn(mode, setup);
    expect(await dispatcher.receipt(id).result()).toBe(1);
    expect(await app.get(Queues).parked(setup.queue, 'failed', 10)).toEqual([]);
  });
});
