import { describe, expect, it } from '@jest/globals';
import { TaskPostponedNotification } from 'nestjs-dispatch';

import { FakeBackend } from '../../run-modes/fake-backend.js';
import { collect, startQueued, until } from '../../run-modes/queued-application.js';
import { movingHandler, MoveStock } from './moving.js';

async function startBehind(options: Parameters<typeof movingHandler>[0] = {}) {
  const [backend, { handler, seen }] = [new FakeBackend(), movingHandler(options)];
  const application = await startQueued({ providers: [handler], options: { queue: backend.factory } });
  /** Has the queue deliver the message with that number. */
  const deliver = async (version: number) => {
    await application.dispatcher.send(new MoveStock('a', version));
    const { id = '', name = '', data } = backend.batches.flat().at(-1) ?? {};
    return backend.deliver({ id, name, data });
  };
  return { ...application, seen, deliver };
}

describe('a message that comes too early from its queue', () => {
  it('goes back, uncounted, the longer the more come before it, and observers are told why', async () => {
    const application = await startBehind();
    const told = collect(application, TaskPostponedNotification);
    expect(await application.deliver(2)).toEqual({ action: 'giveBack', delayMs: 100 });
    expect(await application.deliver(4)).toEqual({ action: 'giveBack', delayMs: 300 });
    expect(await application.deliver(900)).toEqual({ action: 'giveBack', delayMs: 5000 });
    await until('the notifications', () => told.length === 3);
    expect(told).toMatchObject([{ error: { code: 'DISPATCH_OUT_OF_SEQUENCE', expected: 1 } }, {}, {}]);
    expect(await application.deliver(1)).toMatchObject({ action: 'complete', result: 'moved 1' });
    expect(application.seen).toEqual(['a1']);
  });

  it('comes again when the one before it is overdue, and no later', async () => {
    const { deliver } = await startBehind({ gapTimeoutMs: 40 });
    const settlement = await deliver(900);
    expect(settlement).toMatchObject({ action: 'giveBack' });
    const { delayMs = 0 } = settlement as { readonly delayMs?: number };
    expect(delayMs).toBeGreaterThan(0);
    expect(delayMs).toBeLessThanOrEqual(40);
  });

  it('is complete without having been handled where its number was', async () => {
    const { seen, deliver } = await startBehind();
    await deliver(1);
    expect(await deliver(1)).toEqual({ action: 'complete', result: undefined });
    expect(seen).toEqual(['a1']);
  });
});
