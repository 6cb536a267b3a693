import { describe, expect, it } from '@jest/globals';
import { Command, type HandlerContext } from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { deferred } from '../../unit/dispatcher/deferred.js';
import { commandHandler } from '../../unit/dispatcher/handlers.js';
import { newQueue, QUEUED_MODES, startIn, type Mode } from './modes.js';

class Pack extends Command<string> {}

/** An application with two queues; what comes through the first is handled at once, the rest when the test says so. */
async function startTwo(mode: Mode) {
  const [first, second] = [newQueue(), newQueue()];
  const later = deferred<string>();
  const pack = (_command: Pack, { queue }: HandlerContext) => (queue === first ? 'packed first' : later.promise);
  const { dispatcher } = await startIn(mode, {
    providers: [commandHandler(Pack, pack)],
    options: { queues: { default: first, each: { [second]: {} }, defaults: { maxAttempts: 1 } } },
  });
  return { dispatcher, first, second, later };
}

describe.each(QUEUED_MODES)('messages of one id in two queues at the same time, $name', (mode) => {
  it('give each caller the result of its own', async () => {
    const { dispatcher, first, second, later } = await startTwo(mode);
    const slow = dispatcher.execute(new Pack(), { id: 'same', queue: second });
    expect(await dispatcher.execute(new Pack(), { id: 'same', queue: first })).toBe('packed first');
    later.resolve('packed second');
    expect(await slow).toBe('packed second');
  });

  it('give each caller the error of its own, also where one has a key', async () => {
    const { dispatcher, first, second, later } = await startTwo(mode);
    const slow = rejectionOf(dispatcher.execute(new Pack(), { id: 'same', queue: second, key: 'a' }));
    expect(await dispatcher.execute(new Pack(), { id: 'same', queue: first })).toBe('packed first');
    later.reject(new RangeError('no box'));
    expect(await slow).toMatchObject({ name: 'RangeError', message: 'no box' });
  });

  it('end for the caller who cancels his, and for nobody else', async () => {
    const { dispatcher, first, second, later } = await startTwo(mode);
    const kept = dispatcher.execute(new Pack(), { id: 'same', queue: second });
    const controller = new AbortController();
    const options = { id: 'same', queue: first, delayMs: 60_000, signal: controller.signal };
    const cancelled = rejectionOf(dispatcher.execute(new Pack(), options));
    controller.abort();
    expect(await cancelled).toMatchObject({ code: 'DISPATCH_CANCELLED' });
    later.resolve('packed second');
    expect(await kept).toBe('packed second');
  });
});
