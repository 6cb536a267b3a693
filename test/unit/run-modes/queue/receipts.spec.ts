import { describe, expect, it } from '@jest/globals';
import { CancelledError, Command, inMemoryQueue, Query, type HandlerContext } from 'nestjs-dispatch';

import { rejectionOf, start } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { commandHandler, queryHandler } from '../../dispatcher/handlers.js';
import { startQueued, until } from '../queued-application.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}

/** An application whose handler waits for the gate, or for its signal. */
async function startGated() {
  const gate = deferred<string>();
  const reasons: unknown[] = [];
  const work = (_command: PlaceOrder, { signal }: HandlerContext) =>
    new Promise((resolve, reject) => {
      void gate.promise.then(resolve, reject);
      signal.addEventListener('abort', () => {
        reasons.push(signal.reason);
        reject(signal.reason as Error);
      });
    });
  const application = await startQueued({ providers: [commandHandler(PlaceOrder, work)] });
  return { ...application, gate, reasons };
}

describe('a receipt', () => {
  it('tells how its message stands, from waiting to its result', async () => {
    const { dispatcher, queues, gate } = await startGated();
    await queues.pause('default');
    const receipt = await dispatcher.send(new PlaceOrder(), { id: 'm1' });
    expect(receipt).toMatchObject({ id: 'm1@default', messageId: 'm1' });
    expect(await receipt.status()).toBe('waiting');
    await queues.resume('default');
    await until('it to start', async () => (await receipt.status()) === 'active');
    gate.resolve('placed');
    expect(await receipt.result()).toBe('placed');
    expect(await receipt.status()).toBe('completed');
    expect(await receipt.result({ timeoutMs: 0 })).toBe('placed');
  });

  it('is as good when it is made of its id', async () => {
    const { dispatcher, gate } = await startGated();
    const { id } = await dispatcher.send(new PlaceOrder());
    const receipt = dispatcher.receipt<string>(id);
    expect(await receipt.status()).toBe('active');
    gate.resolve('placed');
    expect(await receipt.result()).toBe('placed');
  });

  it('tells of a delayed message that it is delayed, and of a failed one its error', async () => {
    const { dispatcher, gate } = await startGated();
    const later = await dispatcher.send(new PlaceOrder(), { delayMs: 60_000 });
    expect(await later.status()).toBe('delayed');
    const receipt = await dispatcher.send(new PlaceOrder());
    gate.reject(new RangeError('broken'));
    expect(await rejectionOf(receipt.result())).toMatchObject({ name: 'RangeError', message: 'broken' });
    expect(await receipt.status()).toBe('failed');
  });

  it('gives up after timeoutMs, and can be asked again', async () => {
    const { dispatcher, gate } = await startGated();
    const receipt = await dispatcher.send(new PlaceOrder());
    const error = await rejectionOf(receipt.result({ timeoutMs: 5 }));
    expect(error).toMatchObject({ code: 'DISPATCH_REPLY_TIMEOUT', receiptId: receipt.id, timeoutMs: 5 });
    expect((error as Error).message).toContain(`dispatcher.receipt('${receipt.id}')`);
    gate.resolve('placed');
    expect(await receipt.result()).toBe('placed');
  });

  it.each(['m1@default', 'm1@nowhere', 'm1@a@b'])('of a message nobody knows says so: %s', async (id) => {
    const { dispatcher, queues } = await startGated();
    const receipt = dispatcher.receipt(id);
    expect(await receipt.status()).toBe('unknown');
    expect(await receipt.progress()).toBeUndefined();
    expect(await receipt.cancel()).toBe('unknown');
    expect(await rejectionOf(receipt.result())).toMatchObject({ code: 'DISPATCH_RESULT_UNKNOWN', receiptId: id });
    expect(queues.names).toEqual(['default']);
  });

  it('knows nothing of a result that is kept no longer', async () => {
    const { dispatcher } = await startQueued({
      options: { queues: { defaults: { keepCompleted: { count: 1 } } } },
      providers: [commandHandler(PlaceOrder, () => 'placed')],
    });
    const receipt = await dispatcher.send(new PlaceOrder());
    expect(await receipt.result()).toBe('placed');
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
    expect(await rejectionOf(receipt.result())).toMatchObject({ code: 'DISPATCH_RESULT_UNKNOWN' });
  });

  it.each(['', 'm1', '@default', 'm1@'])('cannot be made of an id that is none: %j', async (id) => {
    const { dispatcher } = await startGated();
    expect(() => dispatcher.receipt(id)).toThrow(
      expect.objectContaining({ code: 'DISPATCH_INVALID_SEND_OPTIONS', message: expect.stringContaining(`"${id}"`) }),
    );
  });

  it('cannot be made where there are no queues', async () => {
    const { dispatcher } = await start();
    expect(() => dispatcher.receipt('m1@default')).toThrow(expect.objectContaining({ code: 'DISPATCH_NO_QUEUE' }));
  });
});

describe('the progress of a handler', () => {
  it('is what it said last, whatever it is', async () => {
    const gate = deferred();
    const { dispatcher } = await startQueued({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          await context.progress(1);
          await context.progress({ done: 3n, at: new Date(0) });
          await gate.promise;
        }),
      ],
    });
    const receipt = await dispatcher.send(new PlaceOrder());
    const told = { done: 3n, at: new Date(0) };
    await until('the progress', async () => typeof (await receipt.progress()) === 'object');
    expect(await receipt.progress()).toEqual(told);
    gate.resolve();
    await receipt.result();
    expect(await receipt.progress()).toEqual(told);
  });

  it('is refused where it cannot be written, and ends nothing where nobody waits for that', async () => {
    const refusals: unknown[] = [];
    const { dispatcher } = await startQueued({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          void context.progress(() => undefined);
          refusals.push(await rejectionOf(context.progress(() => undefined)));
          return 'placed';
        }),
      ],
    });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
    expect(refusals).toMatchObject([{ code: 'DISPATCH_UNSERIALIZABLE_MESSAGE' }]);
  });

  it('is nobody’s in the turn of the caller', async () => {
    const { dispatcher } = await start({
      providers: [
        queryHandler(GetOrder, async (_query, context) => {
          await context.progress(1);
          return `attempt ${context.attempt} of no queue: ${context.queue}`;
        }),
      ],
    });
    expect(await dispatcher.query(new GetOrder())).toBe('attempt 1 of no queue: undefined');
  });
});

describe('cancelling', () => {
  it('removes a message that waits, and tells its caller', async () => {
    const { dispatcher, queues, reasons } = await startGated();
    await queues.pause('default');
    const answer = rejectionOf(dispatcher.execute(new PlaceOrder(), { id: 'm1' }));
    await until('it to be there', async () => (await queues.counts('default')).waiting === 1);
    expect(await dispatcher.receipt('m1@default').cancel()).toBe('cancelled');
    expect(await answer).toMatchObject({ name: 'CancelledError', code: 'DISPATCH_CANCELLED' });
    expect(await dispatcher.receipt('m1@default').status()).toBe('unknown');
    expect(reasons).toEqual([]);
  });

  it('aborts the signal of a handler that runs, whose failure is then final', async () => {
    const { dispatcher, queues, reasons } = await startGated();
    const receipt = await dispatcher.send(new PlaceOrder());
    await until('it to start', async () => (await receipt.status()) === 'active');
    expect(await receipt.cancel()).toBe('requested');
    expect(await rejectionOf(receipt.result())).toMatchObject({ code: 'DISPATCH_CANCELLED' });
    expect(reasons).toEqual([expect.any(CancelledError)]);
    expect(await queues.parked('default', 'failed')).toMatchObject([{ id: receipt.messageId, attempt: 1 }]);
    expect(await receipt.cancel()).toBe('finished');
  });

  it('changes nothing where the handler ignores it and succeeds', async () => {
    const gate = deferred<string>();
    const { dispatcher } = await startQueued({ providers: [commandHandler(PlaceOrder, () => gate.promise)] });
    const receipt = await dispatcher.send(new PlaceOrder());
    await until('it to start', async () => (await receipt.status()) === 'active');
    await receipt.cancel();
    gate.resolve('placed');
    expect(await receipt.result()).toBe('placed');
  });

  it.each([{}, { key: 'a' }])('ends the wait for a further attempt, with %j', async (options) => {
    const { dispatcher, log } = await startQueued({
      options: { queue: inMemoryQueue(), queues: { defaults: { backoffMs: 60_000 } } },
      providers: [commandHandler(PlaceOrder, () => Promise.reject(new RangeError('broken')))],
    });
    const answer = rejectionOf(dispatcher.execute(new PlaceOrder(), { id: 'm1', ...options }));
    await until('the failure', () => log.lines.length === 1);
    await dispatcher.receipt('m1@default').cancel();
    expect(await answer).toMatchObject({ code: 'DISPATCH_CANCELLED' });
  });
});
