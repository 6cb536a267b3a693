import { describe, expect, it } from '@jest/globals';
import { Command, Event, Query, RunMode, type Dispatcher, type HandlerContext } from 'nestjs-dispatch';

import { FakeBackend } from '../../run-modes/fake-backend.js';
import { startQueued } from '../../run-modes/queued-application.js';
import { rejectionOf, start } from '../application.js';
import { commandHandler, eventHandler, queryHandler } from '../handlers.js';

class PlaceOrder extends Command<string> {
  constructor(readonly at = new Date(0)) {
    super();
  }
}
class GetOrder extends Query<string> {
  readonly at = new Date(0);
}
class OrderPlaced extends Event {
  constructor(readonly at = new Date(0)) {
    super();
  }
}
class Unrouted extends Command {}

/** A process that sends the messages away and handles none of them. */
async function startSender() {
  const backend = new FakeBackend();
  const { dispatcher } = await start({
    options: {
      queue: backend.factory,
      role: 'send',
      routes: [{ messages: [PlaceOrder, GetOrder, OrderPlaced], queue: 'orders', priority: 'high' }],
    },
  });
  return { dispatcher, backend };
}

/** A process that handles the messages, and notes what it is given. */
async function startWorker(seen: string[]) {
  const backend = new FakeBackend();
  const note = (label: string) => (message: { readonly at: Date }, context: HandlerContext) => {
    seen.push(`${label} ${context.id} ${context.queue} ${message.at.getTime()} ${context.timeoutMs}`);
    return 'done';
  };
  const { dispatcher } = await startQueued({
    options: { queue: backend.factory, queues: { each: { orders: {} } } },
    providers: [
      commandHandler(PlaceOrder, note('place')),
      queryHandler(GetOrder, note('get')),
      eventHandler(OrderPlaced, note('mail'), { name: 'Mailer', queue: 'mail', priority: 'low' }),
      eventHandler(OrderPlaced, note('audit'), { name: 'Audit', runMode: RunMode.Sync }),
    ],
  });
  return { dispatcher, backend };
}

describe('a message that no handler here takes, and a rule sends away', () => {
  it('is handled by the process that has its handler', async () => {
    const seen: string[] = [];
    const [sender, worker] = [await startSender(), await startWorker(seen)];
    const receipt = await sender.dispatcher.send(new PlaceOrder(new Date(5)), { id: 'm1' });
    expect(receipt.id).toBe('m1@orders');
    const [entry] = sender.backend.batches.flat();
    expect(entry).toMatchObject({ id: 'm1', priority: 10, data: { kind: 'command', name: 'PlaceOrder' } });
    const settlement = await worker.backend.deliver({ ...entry, queue: 'orders' });
    expect(settlement).toEqual({ action: 'complete', result: 'done' });
    expect(seen).toEqual(['place m1 orders 5 30000']);
  });

  it.each<[string, (dispatcher: Dispatcher) => Promise<string>]>([
    ['command', (dispatcher) => dispatcher.execute(new PlaceOrder())],
    ['query', (dispatcher) => dispatcher.query(new GetOrder())],
  ])('is answered from there: a %s', async (kind, send) => {
    const { dispatcher, backend } = await startSender();
    backend.onEnqueue = ({ id, replyTo, data }, queue) => {
      expect(data).toMatchObject({ kind });
      expect(replyTo).toBe(backend.application.instanceId);
      setImmediate(() => backend.application.replied(id, { status: 'completed', result: 'from afar' }));
      return Promise.resolve({ status: 'stored', place: queue });
    };
    expect(await send(dispatcher)).toBe('from afar');
  });

  it('is sent at the call too, where that names a queue', async () => {
    const { dispatcher, backend } = await startSender();
    await dispatcher.send(new Unrouted(), { queue: 'orders' });
    expect(backend.batches.flat()).toMatchObject([{ name: 'Unrouted' }]);
  });

  it('has no handler where nothing sends it away', async () => {
    const { dispatcher, backend } = await startSender();
    for (const sent of [dispatcher.send(new Unrouted()), dispatcher.execute(new Unrouted())]) {
      expect(await rejectionOf(sent)).toMatchObject({ code: 'DISPATCH_HANDLER_NOT_FOUND' });
    }
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder(), { runMode: RunMode.Sync }))).toMatchObject({
      code: 'DISPATCH_HANDLER_NOT_FOUND',
    });
    expect(backend.batches).toEqual([]);
  });
});

describe('an event that no handler here takes, and a rule sends away', () => {
  it('is one entry, of which the worker makes one for each handler it has', async () => {
    const seen: string[] = [];
    const [sender, worker] = [await startSender(), await startWorker(seen)];
    await sender.dispatcher.publish(new OrderPlaced(new Date(5)), {
      id: 'e1',
      timeoutMs: 700,
      headers: { tenant: 'a' },
    });
    const [entry] = sender.backend.batches.flat();
    expect(sender.backend.batches.flat()).toMatchObject([{ id: 'e1', name: 'OrderPlaced', priority: 10 }]);
    const settlement = await worker.backend.deliver({ ...entry, queue: 'orders' });
    expect(settlement).toEqual({ action: 'complete', result: undefined });
    const entries = worker.backend.batches.flat();
    expect(entries).toMatchObject([
      { id: 'e1.Mailer', priority: 1000, data: { id: 'e1', handler: 'Mailer', headers: { tenant: 'a' } } },
      { id: 'e1.Audit', data: { id: 'e1', handler: 'Audit' } },
    ]);
    const queues = ['mail', 'orders'] as const;
    for (const [index, made] of entries.entries()) {
      await worker.backend.deliver({ ...made, queue: queues[index] ?? '' });
    }
    expect(seen).toEqual(['mail e1 mail 5 700', 'audit e1 orders 5 700']);
  });

  it('is the same entries again where its entry is delivered twice', async () => {
    const [sender, worker] = [await startSender(), await startWorker([])];
    await sender.dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    const delivery = { ...sender.backend.batches.flat()[0], queue: 'orders' };
    await worker.backend.deliver(delivery);
    await worker.backend.deliver({ ...delivery, attempt: 2 });
    const ids = worker.backend.batches.flat().map(({ id }) => id);
    expect(ids.toSorted()).toEqual(['e1.Audit', 'e1.Audit', 'e1.Mailer', 'e1.Mailer']);
  });

  it('is given back where not all of its entries could be stored', async () => {
    const [sender, worker] = [await startSender(), await startWorker([])];
    await sender.dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    worker.backend.onEnqueue = () => Promise.reject(new Error('connection lost'));
    const settlement = await worker.backend.deliver({ ...sender.backend.batches.flat()[0], queue: 'orders' });
    expect(settlement).toEqual({ action: 'giveBack' });
  });

  it('is waited for by publishAndWait() until it is in the hands of the worker', async () => {
    const { dispatcher, backend } = await startSender();
    backend.onEnqueue = ({ id }, queue) => {
      setImmediate(() => backend.application.replied(id, { status: 'completed', result: undefined }));
      return Promise.resolve({ status: 'stored', place: queue });
    };
    await dispatcher.publishAndWait(new OrderPlaced());
    backend.onEnqueue = ({ id }, queue) => {
      const error = {
        name: 'UnhandledEntryError',
        message: 'nobody',
        code: 'DISPATCH_UNHANDLED_ENTRY',
        stack: undefined,
      };
      setImmediate(() => backend.application.replied(id, { status: 'failed', error }));
      return Promise.resolve({ status: 'stored', place: queue });
    };
    expect(await rejectionOf(dispatcher.publishAndWait(new OrderPlaced()))).toMatchObject({
      errors: [{ handlerName: '(elsewhere)', cause: { code: 'DISPATCH_UNHANDLED_ENTRY' } }],
    });
  });
});
