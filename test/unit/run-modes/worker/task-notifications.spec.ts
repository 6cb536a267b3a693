import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import {
  Command,
  Event,
  inMemoryQueue,
  Notifications,
  QueueDrainedNotification,
  QueueErrorNotification,
  QueuePausedNotification,
  QueueResumedNotification,
  TaskCompletedNotification,
  TaskEnqueuedNotification,
  TaskFailedNotification,
  TaskRejectedNotification,
  TaskRetriedNotification,
  TaskStalledNotification,
  TaskStartedNotification,
  type DispatchNotification,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { commandHandler, eventHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { collect, startQueued, until } from '../queued-application.js';

class PlaceOrder extends Command<string> {
  constructor(readonly failureCount = 0) {
    super();
  }
}
class OrderPlaced extends Event {}

/** What a worker tells; that a message was enqueued comes from its sender, and may come later than its start. */
const TASKS = [TaskStartedNotification, TaskRetriedNotification, TaskCompletedNotification, TaskFailedNotification];

/** How each of them names the command. */
const FACTS = {
  messageName: 'PlaceOrder',
  messageId: 'm1',
  handler: 'PlaceOrderHandler',
  queue: 'default',
  receiptId: 'm1@default',
};

/** The same as a store hands it out. */
const DELIVERED = {
  id: 'm1',
  name: 'PlaceOrder',
  data: { format: 1, kind: 'command', name: 'PlaceOrder', version: 1, headers: {}, payload: { failureCount: 0 } },
};

const placing = commandHandler(PlaceOrder, ({ failureCount }, { attempt }) => {
  if (attempt <= failureCount) throw new RangeError(`failed at ${attempt}`);
  return 'placed';
});

const namesOf = (seen: readonly DispatchNotification[]) =>
  seen.map(({ constructor }) => constructor.name.replace('Notification', ''));

describe('the notifications of a message in a queue', () => {
  it('are enqueued, and started and completed in this order, with what one asks for', async () => {
    const application = await startQueued({ providers: [placing] });
    const told = collect(application, TaskEnqueuedNotification);
    const seen = collect<DispatchNotification>(application, ...TASKS);
    await application.dispatcher.execute(new PlaceOrder(), { id: 'm1' });
    await setImmediate();
    expect(namesOf(seen)).toEqual(['TaskStarted', 'TaskCompleted']);
    const [started, completed] = seen;
    expect(told).toHaveLength(1);
    for (const each of [...told, ...seen]) expect(each).toMatchObject(FACTS);
    expect(started).toMatchObject({ context: { id: 'm1', attempt: 1, queue: 'default' } });
    expect(completed).toMatchObject({ result: 'placed', context: { id: 'm1' } });
    expect((completed as TaskCompletedNotification).durationMs).toBeGreaterThanOrEqual(0);
  });

  it('tell of each attempt, and of the end', async () => {
    const application = await startQueued({
      options: { queues: { defaults: { maxAttempts: 2 } } },
      providers: [placing],
    });
    const seen = collect<DispatchNotification>(application, ...TASKS);
    await rejectionOf(application.dispatcher.execute(new PlaceOrder(9), { id: 'm1' }));
    await setImmediate();
    expect(namesOf(seen)).toEqual(['TaskStarted', 'TaskRetried', 'TaskStarted', 'TaskFailed']);
    for (const each of seen) expect(each).toMatchObject(FACTS);
    expect(seen[1]).toMatchObject({ context: { attempt: 1 }, delayMs: 0, error: { message: 'failed at 1' } });
    expect(seen[3]).toMatchObject({ place: 'failed', attempt: 2, error: { message: 'failed at 2' } });
  });

  it('name each handler of an event, and the event by its id', async () => {
    const application = await startQueued({
      providers: ['Mailer', 'Ledger'].map((name) => eventHandler(OrderPlaced, () => undefined, { name })),
    });
    const told = collect(application, TaskEnqueuedNotification);
    const done = collect(application, TaskCompletedNotification);
    await application.dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    await until('both ends', () => done.length === 2);
    for (const seen of [told, done]) {
      expect(seen.map(({ handler, messageId, receiptId }) => `${handler} ${messageId} ${receiptId}`)).toEqual([
        'Mailer e1 e1.Mailer@default',
        'Ledger e1 e1.Ledger@default',
      ]);
    }
  });

  it('name the lane in the receipt where the store keeps the message in one', async () => {
    const backend = new FakeBackend();
    const application = await startQueued({ options: { queue: backend.factory }, providers: [placing] });
    const seen = collect<DispatchNotification>(application, ...TASKS);
    await backend.deliver({ ...DELIVERED, place: 'default~2' });
    await setImmediate();
    expect(namesOf(seen)).toEqual(['TaskStarted', 'TaskCompleted']);
    for (const each of seen) expect(each).toMatchObject({ ...FACTS, receiptId: 'm1@default~2' });
  });

  it('tell of one that the queue did not take, with the error of its sender', async () => {
    const backend = new FakeBackend();
    const application = await startQueued({ options: { queue: backend.factory }, providers: [placing] });
    const seen = collect(application, TaskRejectedNotification);
    backend.onEnqueue = () => Promise.reject(new RangeError('broken'));
    const error = await rejectionOf(application.dispatcher.send(new PlaceOrder(), { id: 'm1' }));
    await setImmediate();
    expect(seen).toMatchObject([{ messageName: 'PlaceOrder', messageId: 'm1', queue: 'default' }]);
    expect(seen[0]?.error).toBe(error);
  });

  it('name an event by its id where the entry of one of its handlers was dropped', async () => {
    const application = await startQueued({
      options: { queue: inMemoryQueue({ capacity: 1, fullMode: 'dropOldest' }) },
      providers: [eventHandler(OrderPlaced, () => undefined, { name: 'Mailer' })],
    });
    const seen = collect(application, TaskRejectedNotification);
    await application.queues.pause('default');
    await application.dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    await application.dispatcher.publish(new OrderPlaced(), { id: 'e2' });
    await setImmediate();
    expect(seen).toMatchObject([{ messageId: 'e1', handler: 'Mailer', receiptId: 'e1.Mailer@default', sequence: 1 }]);
  });

  it('tell of one that was dropped for a newer one, and its caller gets the same error', async () => {
    const application = await startQueued({
      options: { queue: inMemoryQueue({ capacity: 1, fullMode: 'dropOldest' }) },
      providers: [placing],
    });
    const seen = collect(application, TaskRejectedNotification);
    await application.queues.pause('default');
    const first = rejectionOf(application.dispatcher.execute(new PlaceOrder(), { id: 'm1' }));
    const second = application.dispatcher.execute(new PlaceOrder(), { id: 'm2' });
    expect(await first).toMatchObject({ name: 'QueueFullError', code: 'DISPATCH_QUEUE_FULL' });
    await application.queues.resume('default');
    expect(await second).toBe('placed');
    await setImmediate();
    expect(seen).toMatchObject([{ ...FACTS, error: { fate: 'dropped', limit: 1 }, sequence: 1 }]);
  });
});

describe('the notifications of a queue', () => {
  it('are paused, resumed and drained', async () => {
    const application = await startQueued({ providers: [placing] });
    const types = [QueuePausedNotification, QueueResumedNotification, QueueDrainedNotification];
    const seen = collect<DispatchNotification>(application, ...types);
    await application.queues.pause('default');
    await application.dispatcher.send(new PlaceOrder());
    await application.queues.resume('default');
    await until('the last', () => seen.length === 3);
    expect(namesOf(seen)).toEqual(['QueuePaused', 'QueueResumed', 'QueueDrained']);
    expect(seen).toMatchObject([{ queue: 'default' }, { queue: 'default' }, { queue: 'default' }]);
  });

  it('tell of the store’s errors, which are logged too, and of stalled messages, which are counted', async () => {
    const backend = new FakeBackend();
    const application = await startQueued({ options: { queue: backend.factory }, providers: [placing] });
    const errors = collect(application, QueueErrorNotification);
    const stalls = collect(application, TaskStalledNotification);
    const error = new Error('connection lost');
    backend.application.happened({ type: 'error', queue: undefined, error });
    backend.application.happened({ type: 'error', queue: 'default', error });
    backend.application.happened({ type: 'stalled', queue: 'default', id: 'm1' });
    backend.application.happened({ type: 'stalled', queue: 'default', place: 'default~3', id: 'm2' });
    await setImmediate();
    expect(errors).toMatchObject([{ queue: undefined }, { queue: 'default' }]);
    expect(errors.map((notification) => notification.error)).toEqual([error, error]);
    expect(stalls).toMatchObject([
      { queue: 'default', receiptId: 'm1@default', messageId: undefined, handler: undefined },
      { queue: 'default', receiptId: 'm2@default~3' },
    ]);
    expect(application.log.lines).toEqual(['error Queues: connection lost', 'error Queue "default": connection lost']);
    expect(await application.health.check()).toMatchObject([{ queue: 'default', stalled: 2 }]);
  });

  it('cost nothing where nobody listens', async () => {
    const { app, dispatcher } = await startQueued({ providers: [placing] });
    await dispatcher.execute(new PlaceOrder());
    const seen: unknown[] = [];
    app.get(Notifications).subscribe((notification) => seen.push(notification));
    await setImmediate();
    expect(seen).toEqual([]);
  });
});
