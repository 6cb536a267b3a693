import { describe, expect, it } from '@jest/globals';
import { Command, inMemoryQueue, Queues, QueueUnavailableError, RunMode } from 'nestjs-dispatch';

import { rejectionOf, start } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { startQueued, until } from '../queued-application.js';

class PlaceOrder extends Command<string> {}

const placing = commandHandler(PlaceOrder, (_command, { queue }) => `placed through ${queue}`);

describe('a queue that is added while the application runs', () => {
  it('takes messages, and is worked on', async () => {
    const { dispatcher, queues } = await startQueued({ providers: [placing] });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder(), { queue: 'tenant-7' }))).toMatchObject({
      code: 'DISPATCH_INVALID_SEND_OPTIONS',
    });
    await queues.ensure('tenant-7', { concurrency: 3 });
    expect(queues.names).toEqual(['default', 'tenant-7']);
    expect(queues.settings('tenant-7')).toMatchObject({ name: 'tenant-7', concurrency: 3, backoffMs: 0 });
    expect(await dispatcher.execute(new PlaceOrder(), { queue: 'tenant-7' })).toBe('placed through tenant-7');
  });

  it('stays as it is set where it is added again', async () => {
    const { dispatcher, queues } = await startQueued({ providers: [placing] });
    await queues.ensure('tenant-7', { concurrency: 3 });
    await queues.ensure('tenant-7', { concurrency: 5 });
    expect(queues.settings('tenant-7').concurrency).toBe(3);
    await queues.ensure('default');
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed through default');
  });

  it('is worked on only where the role of the process says so', async () => {
    const backend = new FakeBackend();
    const { queues } = await startQueued({
      options: { queue: backend.factory, queues: { except: ['archive'], each: { archive: {} } } },
    });
    await queues.ensure('tenant-7');
    expect(backend.consumed).toEqual(['default', 'tenant-7']);
    const sender = new FakeBackend();
    const sending = await startQueued({ options: { queue: sender.factory, role: 'send' } });
    await sending.queues.ensure('tenant-7');
    expect(sender.consumed).toEqual([]);
  });

  it('is worked on in the end where that could not be begun at first', async () => {
    const backend = new FakeBackend();
    const { queues } = await startQueued({ options: { queue: backend.factory } });
    const { consume } = backend;
    backend.consume = () => Promise.reject(new QueueUnavailableError('preparing a queue', 'Redis at redis:6379'));
    expect(await rejectionOf(queues.ensure('tenant-7'))).toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE' });
    backend.consume = consume;
    await queues.ensure('tenant-7');
    expect(backend.consumed).toEqual(['default', 'tenant-7']);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['an option', 'tenant-7', { concurrency: 0, retries: 1 }],
    ['the name', 'tenant 7', {}],
    ['the name', '', {}],
  ])('is refused where it cannot be, for %s: %j with %j', async (_reason, name, options) => {
    const { queues } = await startQueued();
    const error = await rejectionOf(queues.ensure(name, options));
    expect(error).toMatchObject({ code: 'DISPATCH_INVALID_QUEUE_OPTIONS', subject: `the queue "${name}"` });
    expect(queues.names).toEqual(['default']);
  });
});

describe('pausing a queue', () => {
  it('hands nothing out until it is resumed, and accepts what is sent', async () => {
    const { dispatcher, queues } = await startQueued({ providers: [placing] });
    await queues.pause('default');
    await queues.pause('default');
    const receipt = await dispatcher.send(new PlaceOrder());
    expect(await queues.counts('default')).toMatchObject({ waiting: 1, active: 0, isPaused: true });
    await queues.resume('default');
    await queues.resume('default');
    expect(await receipt.result()).toBe('placed through default');
    expect(await queues.counts('default')).toMatchObject({ waiting: 0, completed: 1, isPaused: false });
  });

  it('lets what runs finish', async () => {
    const gate = deferred<string>();
    const { dispatcher, queues } = await startQueued({ providers: [commandHandler(PlaceOrder, () => gate.promise)] });
    const answer = dispatcher.execute(new PlaceOrder());
    await until('it to start', async () => (await queues.counts('default')).active === 1);
    await queues.pause('default');
    gate.resolve('placed');
    expect(await answer).toBe('placed');
  });
});

describe('draining a queue', () => {
  it('waits until nothing waits in it and nothing of it runs', async () => {
    const gate = deferred();
    let handledCount = 0;
    const { dispatcher, queues } = await startQueued({
      providers: [commandHandler(PlaceOrder, () => gate.promise.then(() => (handledCount += 1)))],
    });
    await Promise.all([1, 2, 3].map(() => dispatcher.send(new PlaceOrder())));
    await dispatcher.send(new PlaceOrder(), { delayMs: 60_000 });
    expect(await queues.drain('default', { timeoutMs: 0 })).toBe(false);
    const drained = queues.drain('default');
    gate.resolve();
    expect(await drained).toBe(true);
    expect(handledCount).toBe(3);
    expect(await queues.counts('default')).toMatchObject({ delayed: 1 });
  });

  it('gives up after timeoutMs', async () => {
    const { dispatcher, queues } = await startQueued({ providers: [placing] });
    await queues.pause('default');
    await dispatcher.send(new PlaceOrder());
    expect(await queues.drain('default', { timeoutMs: 5 })).toBe(false);
  });
});

describe('the parked messages of a queue', () => {
  it('are told by place, the newest first, and no more than asked for', async () => {
    const { dispatcher, queues } = await startQueued({
      options: { queues: { defaults: { maxAttempts: 1 } } },
      providers: [commandHandler(PlaceOrder, (_command, { id }) => Promise.reject(new RangeError(`${id} broke`)))],
    });
    for (const id of ['m1', 'm2', 'm3']) await rejectionOf(dispatcher.execute(new PlaceOrder(), { id }));
    const parked = await queues.parked('default', 'failed', 2);
    expect(parked).toMatchObject([
      { id: 'm3', name: 'PlaceOrder', place: 'failed', attempt: 1, error: { name: 'RangeError', message: 'm3 broke' } },
      { id: 'm2' },
    ]);
    expect(await queues.parked('default', 'failed')).toHaveLength(3);
    expect(await queues.parked('default', 'unhandled')).toEqual([]);
    expect(await queues.counts('default')).toMatchObject({
      parked: { failed: 3, unreadable: 0, unhandled: 0, invalid: 0 },
    });
  });
});

describe('a queue nobody knows', () => {
  it('is refused in whatever is asked of it', async () => {
    const { queues } = await startQueued();
    const asked = [
      queues.pause('oders'),
      queues.resume('oders'),
      queues.drain('oders'),
      Promise.resolve().then(() => queues.counts('oders')),
      Promise.resolve().then(() => queues.parked('oders', 'failed')),
      Promise.resolve().then(() => queues.settings('oders')),
    ];
    for (const error of await Promise.all(asked.map(rejectionOf))) {
      expect(error).toMatchObject({ code: 'DISPATCH_INVALID_QUEUE_OPTIONS', subject: 'the queue "oders"' });
      expect((error as Error).message).toContain('it is not known; there are default.');
    }
  });

  it('is any queue where the application has none', async () => {
    const { app } = await start();
    const queues = app.get(Queues);
    expect(() => queues.names).toThrow(expect.objectContaining({ code: 'DISPATCH_NO_QUEUE' }));
    expect(await rejectionOf(queues.pause('default'))).toMatchObject({ code: 'DISPATCH_NO_QUEUE' });
  });
});

describe('the settings of a queue', () => {
  it('are its own, then those of all queues, then the defaults', async () => {
    const { app } = await start({
      options: {
        runMode: RunMode.Async,
        queue: inMemoryQueue(),
        queues: {
          defaults: { concurrency: 10, rateLimit: { max: 5 } },
          each: { orders: { concurrency: 2, keepCompleted: { count: 7 } } },
        },
      },
    });
    const queues = app.get(Queues);
    expect(queues.settings('orders')).toEqual({
      name: 'orders',
      concurrency: 2,
      globalConcurrency: undefined,
      rateLimit: { max: 5, durationMs: 1000 },
      sequenced: false,
      timeoutMs: 30_000,
      lanes: 4,
      maxAttempts: 4,
      backoffMs: 1000,
      maxBackoffMs: 300_000,
      maxWaiting: 100_000,
      keepCompleted: { count: 7, ageMs: 3_600_000 },
      keepParked: { count: 10_000, ageMs: 30 * 86_400_000 },
      lockMs: 30_000,
    });
    expect(queues.settings('default').concurrency).toBe(10);
  });
});
