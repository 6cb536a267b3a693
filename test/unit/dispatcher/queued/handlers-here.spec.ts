import { describe, expect, it } from '@jest/globals';
import { Event } from 'nestjs-dispatch';

import { FakeBackend } from '../../run-modes/fake-backend.js';
import { startQueued } from '../../run-modes/queued-application.js';
import { eventHandler } from '../handlers.js';

class OrderPlaced extends Event {}

/** A process with some of the handlers of the event, which a rule sends to a queue. */
async function startWith(...names: string[]) {
  const backend = new FakeBackend();
  const { dispatcher } = await startQueued({
    options: { queue: backend.factory, routes: [{ messages: [OrderPlaced], queue: 'orders' }] },
    providers: names.map((name) => eventHandler(OrderPlaced, () => undefined, { name })),
  });
  return { dispatcher, entries: () => backend.batches.flat(), backend };
}

describe('an event of whose handlers this process has some, and another process the others', () => {
  it('goes to those here and to no other, although a rule names a queue', async () => {
    const { dispatcher, entries } = await startWith('Mailer');
    await dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    expect(entries()).toMatchObject([{ id: 'e1.Mailer', data: { handler: 'Mailer' } }]);
  });
});

describe('an event of whose handlers this process has none', () => {
  it('goes to those of the worker that takes it, which no deduplication id holds back', async () => {
    const [sender, worker] = [await startWith(), await startWith('Mailer', 'Ledger')];
    await sender.dispatcher.publish(new OrderPlaced(), { id: 'e1', deduplicationId: 'once' });
    const [entry] = sender.entries();
    expect(entry).toMatchObject({ id: 'e1', deduplicationId: 'once' });
    expect(await worker.backend.deliver({ ...entry, queue: 'orders' })).toMatchObject({ action: 'complete' });
    expect(worker.entries()).toMatchObject([
      { id: 'e1.Mailer', deduplicationId: undefined },
      { id: 'e1.Ledger', deduplicationId: undefined },
    ]);
  });
});
