import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Call extends Command<number> {}

describe.each(SHARED_MODES)('limits over all workers, $name (nestjs/bull#2614)', (mode) => {
  // There, the concurrency is that of each worker: three of them with 5 run 15 at once.
  it('hold for how many run at once', async () => {
    let running = 0;
    let most = 0;
    const call = async () => {
      running += 1;
      most = Math.max(most, running);
      await setTimeout(15);
      running -= 1;
    };
    const queue = newQueue();
    const settings = { concurrency: 5, globalConcurrency: 2 };
    const setup = { queue, settings, providers: [commandHandler(Call, call)] };
    const { dispatcher } = await startIn(mode, setup);
    await Promise.all([startIn(mode, setup), startIn(mode, setup)]);
    await Promise.all(Array.from({ length: 30 }, () => dispatcher.execute(new Call())));
    expect(most).toBe(2);
  });

  it('hold for how many start in a time', async () => {
    const rateLimit = { max: 5, durationMs: 400 };
    const setup = {
      queue: newQueue(),
      settings: { concurrency: 10, rateLimit },
      providers: [commandHandler(Call, () => performance.now())],
    };
    const { dispatcher } = await startIn(mode, setup);
    await startIn(mode, setup);
    const startedAt = await Promise.all(Array.from({ length: 12 }, () => dispatcher.execute(new Call())));
    const [first = 0, ...others] = startedAt.toSorted((one, other) => one - other);
    // 12 calls at 5 in a window need a third window; the store's clock and this one may differ by a little.
    expect((others.at(-1) ?? 0) - first).toBeGreaterThan(rateLimit.durationMs * 1.5);
  });
});
