import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command } from 'nestjs-dispatch';

import { QUEUED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Resize extends Command {}
class Crop extends Command {}
class Rotate extends Command {}

// There, three handlers of one queue make a concurrency of 2 one of 6.
describe.each(QUEUED_MODES)('the concurrency of a queue, $name (nestjs/bull#1903)', (mode) => {
  it('is that of the queue, however many handlers it has', async () => {
    let running = 0;
    let most = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await setTimeout(20);
      running -= 1;
    };
    const providers = [Resize, Crop, Rotate].map((message) => commandHandler(message, work));
    const { dispatcher } = await startIn(mode, { providers, settings: { concurrency: 2 } });
    const messages = [Resize, Crop, Rotate].flatMap((message) => Array.from({ length: 5 }, () => new message()));
    await Promise.all(messages.map((message) => dispatcher.execute(message)));
    expect(most).toBe(2);
  });
});
