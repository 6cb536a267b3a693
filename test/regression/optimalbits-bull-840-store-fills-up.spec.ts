import { describe, expect, it } from '@jest/globals';
import { Command, inMemoryQueue, Queues } from 'nestjs-dispatch';

import { QUEUED_MODES, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Tick extends Command {
  constructor(readonly isBroken = false) {
    super();
  }
}

const tick = commandHandler(Tick, ({ isBroken }) => {
  if (isBroken) throw new Error('broken');
});

// There, what is completed or failed stays for ever unless somebody asks for its removal.
describe.each(QUEUED_MODES)('what a queue keeps of what is over, $name (OptimalBits/bull#840)', (mode) => {
  // A twentieth is removed at once, and on Postgres what ends at the same moment does not see each other.
  const atOnce = 20;

  it('is about the last 100 where nothing is said', async () => {
    const {
      app,
      dispatcher,
      queue = '',
    } = await startIn(mode, { providers: [tick], settings: { concurrency: atOnce } });
    await Promise.all(Array.from({ length: 600 }, () => dispatcher.execute(new Tick())));
    const { completed } = await app.get(Queues).counts(queue);
    expect(completed).toBeGreaterThanOrEqual(100);
    expect(completed).toBeLessThanOrEqual(100 + 5 + 2 * atOnce);
  });

  it('is bounded for what failed, too', async () => {
    const settings = { concurrency: atOnce, keepParked: { count: 10 } };
    const { app, dispatcher, queue = '' } = await startIn(mode, { providers: [tick], settings });
    await Promise.allSettled(Array.from({ length: 100 }, () => dispatcher.execute(new Tick(true))));
    const { parked } = await app.get(Queues).counts(queue);
    expect(parked.failed).toBeGreaterThanOrEqual(10);
    expect(parked.failed).toBeLessThanOrEqual(10 + atOnce);
  });

  it('is nothing that waits: that is bounded by a refusal', async () => {
    // In memory it is the capacity of the whole queue that says it.
    const isInMemory = !SHARED_MODES.some(({ name }) => name === mode.name);
    const bounded = isInMemory ? { ...mode, queue: () => inMemoryQueue({ capacity: 20, fullMode: 'reject' }) } : mode;
    const settings = { maxWaiting: 20 };
    const { app, dispatcher, queue = '' } = await startIn(bounded, { providers: [tick], settings });
    await app.get(Queues).pause(queue);
    const sends = await Promise.allSettled(Array.from({ length: 60 }, () => dispatcher.send(new Tick())));
    const refused = sends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    const { waiting } = await app.get(Queues).counts(queue);
    expect(waiting + refused.length).toBe(60);
    expect(waiting).toBeLessThanOrEqual(20);
    expect(refused[0]).toMatchObject({ code: 'DISPATCH_QUEUE_FULL' });
  });
});
