import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command, Event, QueueFullError, QueueUnavailableError, type EnqueueResult } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { commandHandler, eventHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { startQueued } from '../queued-application.js';

class PlaceOrder extends Command<string> {}
class ReserveStock extends Command {}
class OrderPlaced extends Event {}

async function startOn(backend: FakeBackend, defaults = {}) {
  return startQueued({
    options: { queue: backend.factory, queues: { defaults } },
    providers: [
      commandHandler(PlaceOrder, () => 'placed'),
      commandHandler(ReserveStock, () => 'reserved', { queue: 'stock' }),
      eventHandler(OrderPlaced, () => undefined, { name: 'Mailer' }),
      eventHandler(OrderPlaced, () => undefined, { name: 'Ledger' }),
    ],
  });
}

const idsOf = ({ batches }: FakeBackend) => batches.map((batch) => batch.map(({ id }) => id));

describe('what is sent in one turn', () => {
  it('goes in one call to each queue, in the order it was sent', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend);
    await Promise.all([
      dispatcher.send(new PlaceOrder(), { id: 'm1' }),
      dispatcher.send(new ReserveStock(), { id: 'm2' }),
      dispatcher.send(new PlaceOrder(), { id: 'm3' }),
      dispatcher.send(new ReserveStock(), { id: 'm4' }),
    ]);
    expect(idsOf(backend)).toEqual([
      ['m1', 'm3'],
      ['m2', 'm4'],
    ]);
  });

  it('goes in one call for all handlers of all events', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend);
    await dispatcher.publishAll([new OrderPlaced(), new OrderPlaced()]);
    expect(idsOf(backend).map(({ length }) => length)).toEqual([4]);
  });

  it('goes in calls of no more than the store likes', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend);
    await Promise.all(
      Array.from({ length: 250 }, (_none, index) => dispatcher.send(new PlaceOrder(), { id: `m${index}` })),
    );
    expect(idsOf(backend).map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(idsOf(backend).flat()).toEqual(Array.from({ length: 250 }, (_none, index) => `m${index}`));
  });

  it('goes one by one to a store that batches nothing', async () => {
    const backend = new (class extends FakeBackend {
      override readonly maxBatchCount = 1;
    })();
    const { dispatcher } = await startOn(backend);
    await Promise.all([
      dispatcher.send(new PlaceOrder(), { id: 'm1' }),
      dispatcher.send(new PlaceOrder(), { id: 'm2' }),
    ]);
    expect(idsOf(backend)).toEqual([['m1'], ['m2']]);
  });
});

describe('what is sent while it is counted whether there is room', () => {
  it('does not overtake what waits for the count', async () => {
    const backend = new FakeBackend();
    backend.counted = { waiting: 150 };
    const { dispatcher } = await startOn(backend, { maxWaiting: 400 });
    const ids = Array.from({ length: 102 }, (_none, index) => `m${index}`);
    await dispatcher.send(new PlaceOrder(), { id: 'm0' });
    await Promise.all(ids.slice(1).map((id) => dispatcher.send(new PlaceOrder(), { id })));
    expect(idsOf(backend).map(({ length }) => length)).toEqual([1, 100, 1]);
    expect(idsOf(backend).flat()).toEqual(ids);
  });
});

describe('what is sent while sixteen calls are on their way', () => {
  it('waits for the next one, which takes all of it', async () => {
    const backend = new FakeBackend();
    const gate = deferred();
    const { dispatcher } = await startOn(backend);
    await dispatcher.send(new PlaceOrder(), { id: 'first' });
    backend.onEnqueue = async (_entry, queue) => {
      await gate.promise;
      return { status: 'stored', place: queue };
    };
    const sent: Promise<unknown>[] = [];
    const ids = Array.from({ length: 19 }, (_, index) => `m${index + 1}`);
    for (const id of ids) {
      sent.push(dispatcher.send(new PlaceOrder(), { id }));
      await setImmediate();
    }
    expect(idsOf(backend)).toEqual([['first'], ...ids.slice(0, 16).map((id) => [id])]);
    gate.resolve();
    await Promise.all(sent);
    expect(idsOf(backend).slice(17)).toEqual([['m17', 'm18', 'm19']]);
  });
});

describe('a store that fails', () => {
  it('tells each sender of its own message', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend);
    backend.onEnqueue = ({ id }, queue): Promise<EnqueueResult> =>
      id === 'm2'
        ? Promise.reject(new QueueUnavailableError('sending 3 messages', 'Redis at redis:6379', { mayBeStored: true }))
        : Promise.resolve({ status: 'stored', place: queue });
    const sent = ['m1', 'm2', 'm3'].map((id) => dispatcher.send(new PlaceOrder(), { id }));
    const [first, second, third] = await Promise.allSettled(sent);
    expect([first?.status, third?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(second).toMatchObject({ reason: { code: 'DISPATCH_QUEUE_UNAVAILABLE', mayBeStored: true } });
    expect(second).toMatchObject({
      reason: {
        message:
          'Redis at redis:6379 does not answer, so sending "PlaceOrder" (m2) to the queue "default" failed: check that it runs and can be reached.',
      },
    });
    expect(await dispatcher.send(new PlaceOrder(), { id: 'm4' })).toMatchObject({ messageId: 'm4' });
  });

  it('refuses one message, and its sender alone is told', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend);
    const refusal = new QueueFullError('PlaceOrder', 'default', 7);
    backend.onEnqueue = ({ id }, queue) =>
      Promise.resolve(id === 'm1' ? { status: 'refused', error: refusal } : { status: 'stored', place: queue });
    const sent = ['m1', 'm2'].map((id) => dispatcher.send(new PlaceOrder(), { id }));
    expect(await Promise.allSettled(sent)).toMatchObject([{ reason: refusal }, { status: 'fulfilled' }]);
  });

  it('may throw at once, or give no answer at all to a message', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend);
    replaceEnqueue(backend, () => {
      throw new RangeError('broken store');
    });
    const sent = [dispatcher.send(new PlaceOrder()), dispatcher.execute(new PlaceOrder())].map(rejectionOf);
    expect(await Promise.all(sent)).toMatchObject([{ message: 'broken store' }, { message: 'broken store' }]);
    replaceEnqueue(backend, () => []);
    expect(await rejectionOf(dispatcher.send(new PlaceOrder()))).toMatchObject({
      message: expect.stringContaining('too few results'),
    });
  });

  it('fails what is sent where it does not even count', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend, { maxWaiting: 1 });
    backend.onCounts = () => Promise.reject(new QueueUnavailableError('counting', 'Redis at redis:6379'));
    expect(await rejectionOf(dispatcher.send(new PlaceOrder(), { id: 'm1' }))).toMatchObject({
      code: 'DISPATCH_QUEUE_UNAVAILABLE',
      attempted: 'sending "PlaceOrder" (m1) to the queue "default"',
    });
    backend.onCounts = () => Promise.resolve({ waiting: 0, delayed: 0 } as never);
    expect(await dispatcher.send(new PlaceOrder(), { id: 'm2' })).toMatchObject({ messageId: 'm2' });
  });
});

/** Puts a whole `enqueue` in the place of the backend's. */
function replaceEnqueue(backend: FakeBackend, enqueue: FakeBackend['enqueue']): void {
  Object.defineProperty(backend, 'enqueue', { value: enqueue, configurable: true });
}

describe('a queue with maxWaiting', () => {
  it('refuses what is above it with a QueueFullError, and takes the rest', async () => {
    const backend = new FakeBackend();
    backend.counted = { waiting: 5, delayed: 3 };
    const { dispatcher } = await startOn(backend, { maxWaiting: 10 });
    const ends = await Promise.allSettled(Array.from({ length: 3 }, () => dispatcher.send(new PlaceOrder())));
    expect(ends).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }, { reason: { limit: 10 } }]);
    expect(ends[2]).toMatchObject({ reason: { code: 'DISPATCH_QUEUE_FULL', queue: 'default', fate: 'refused' } });
  });

  it('does not refuse what finds room, however much was sent since the last count', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend, { maxWaiting: 2 });
    for (let count = 0; count < 10; count++) await dispatcher.send(new PlaceOrder());
    expect(idsOf(backend)).toHaveLength(10);
  });

  it('has no meaning in memory, where the capacity says how many may wait', async () => {
    const { dispatcher, queues } = await startQueued({
      options: { queues: { defaults: { maxWaiting: 1 } } },
      providers: [commandHandler(PlaceOrder, () => 'placed')],
    });
    await queues.pause('default');
    for (let count = 0; count < 3; count++) await dispatcher.send(new PlaceOrder());
    expect(await queues.counts('default')).toMatchObject({ waiting: 3 });
  });

  it('is not counted for each message while it is far from full', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await startOn(backend, { maxWaiting: 1000 });
    for (let count = 0; count < 100; count++) await dispatcher.send(new PlaceOrder());
    expect(backend.countsAsked).toBeLessThan(10);
  });

  it('is not counted again for each message it refuses', async () => {
    const backend = new FakeBackend();
    backend.counted = { waiting: 10 };
    const { dispatcher } = await startOn(backend, { maxWaiting: 10 });
    for (let count = 0; count < 100; count++) await rejectionOf(dispatcher.send(new PlaceOrder()));
    expect(backend.countsAsked).toBeLessThan(10);
  });
});
