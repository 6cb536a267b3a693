import { describe, expect, it } from '@jest/globals';
import { Event, inMemoryQueue, InvalidQueueOptionsError } from 'nestjs-dispatch';

import { eventHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { startQueued, until } from '../queued-application.js';

class OrderPlaced extends Event {}

/** The event as a sender stores it that knows none of its handlers. */
const DATA = { format: 1, kind: 'event', name: 'OrderPlaced', version: 1, id: 'e1', headers: {}, payload: {} } as const;

const handled: string[] = [];
const providers = ['Mailer', 'Ledger'].map((name) =>
  eventHandler(OrderPlaced, () => void handled.push(name), { name }),
);

async function startOn(backend: FakeBackend, defaults = {}) {
  return startQueued({ options: { queue: backend.factory, queues: { defaults } }, providers });
}

describe('an event whose sender knew no handler', () => {
  it('goes to each handler here also where the queue is full, which else could never be emptied', async () => {
    const backend = new FakeBackend();
    backend.counted = { waiting: 10 };
    await startOn(backend, { maxWaiting: 10 });
    expect(await backend.deliver({ id: 'e1', data: DATA })).toEqual({ action: 'complete', result: undefined });
    expect(backend.batches.flat().map(({ id }) => id)).toEqual(['e1.Mailer', 'e1.Ledger']);
  });

  it('is parked where no handler can be given it, and holds up nothing', async () => {
    const backend = new FakeBackend();
    const error = new InvalidQueueOptionsError('the queue "default"', ['has lanes 0']);
    backend.onEnqueue = () => Promise.resolve({ status: 'refused', error });
    await startOn(backend);
    expect(await backend.deliver({ data: { ...DATA, key: 'order-7' } })).toMatchObject({
      action: 'park',
      place: 'unhandled',
      error: { code: 'DISPATCH_INVALID_QUEUE_OPTIONS' },
    });
  });

  it('reaches them out of a full queue in memory whose senders wait', async () => {
    const queue = inMemoryQueue({ capacity: 1, fullMode: 'wait' });
    const { dispatcher, queues } = await startQueued({ options: { queue }, providers });
    handled.length = 0;
    await queues.pause('default');
    await dispatcher.schedule(new OrderPlaced(), { id: 'hourly', every: '1h' });
    await until('the event to wait', async () => (await queues.counts('default')).waiting === 1);
    const sent = dispatcher.publish(new OrderPlaced());
    await queues.resume('default');
    await sent;
    await until('four deliveries', () => handled.length === 4);
    expect(handled.toSorted()).toEqual(['Ledger', 'Ledger', 'Mailer', 'Mailer']);
    await dispatcher.cancelSchedule('hourly');
  });
});
