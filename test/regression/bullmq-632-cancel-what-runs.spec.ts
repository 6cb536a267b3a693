import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command, isDispatchError, type HandlerContext } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { rejectionOf } from '../unit/dispatcher/application.js';
import { deferred } from '../unit/dispatcher/deferred.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { until } from '../unit/run-modes/queued-application.js';

class Transcode extends Command<string> {
  constructor(readonly length: 'short' | 'endless') {
    super();
  }
}

// There, a job that runs can not be ended from outside: remove() refuses while it is locked, and no signal reaches it.
describe.each(SHARED_MODES)('a message whose handler runs elsewhere, $name (taskforcesh/bullmq#632)', (mode) => {
  async function startPair() {
    const [started, reason] = [deferred(), deferred<unknown>()];
    const transcode = async ({ length }: Transcode, { signal }: HandlerContext) => {
      if (length === 'short') return 'done';
      started.resolve();
      await setTimeout(60_000, undefined, { signal }).catch(() => undefined);
      reason.resolve(signal.reason);
      throw signal.reason;
    };
    const setup = {
      queue: newQueue(),
      settings: { maxAttempts: 3 },
      providers: [commandHandler(Transcode, transcode)],
    };
    const sender = await startIn(mode, { ...setup, options: { role: 'send' } });
    await startIn(mode, setup);
    return { dispatcher: sender.dispatcher, started, reason };
  }

  it('is ended by its receipt, is not tried again, and the next one is handled', async () => {
    const { dispatcher, started, reason } = await startPair();
    const receipt = await dispatcher.send(new Transcode('endless'));
    await started.promise;
    expect(await receipt.cancel()).toBe('requested');
    expect(isDispatchError(await reason.promise, 'DISPATCH_CANCELLED')).toBe(true);
    expect(await rejectionOf(receipt.result())).toMatchObject({ code: 'DISPATCH_CANCELLED' });
    await until('the end', async () => (await receipt.status()) === 'failed');
    expect(await receipt.cancel()).toBe('finished');
    expect(await dispatcher.execute(new Transcode('short'))).toBe('done');
  });

  it('is ended by the signal that its sender aborts', async () => {
    const { dispatcher, started, reason } = await startPair();
    const giving = new AbortController();
    const end = rejectionOf(dispatcher.execute(new Transcode('endless'), { signal: giving.signal }));
    await started.promise;
    giving.abort();
    expect(isDispatchError(await reason.promise, 'DISPATCH_CANCELLED')).toBe(true);
    expect(await end).toMatchObject({ code: 'DISPATCH_CANCELLED' });
  });

  it('that waits is removed by its receipt, and never handled', async () => {
    const queue = newQueue();
    const setup = { queue, providers: [commandHandler(Transcode, () => 'handled')] };
    const { dispatcher } = await startIn(mode, { ...setup, options: { role: 'send' } });
    const receipt = await dispatcher.send(new Transcode('short'));
    expect(await receipt.cancel()).toBe('cancelled');
    expect(await receipt.status()).toBe('unknown');
    const worker = await startIn(mode, setup);
    expect(await worker.dispatcher.execute(new Transcode('short'))).toBe('handled');
    expect(await receipt.cancel()).toBe('unknown');
  });
});
