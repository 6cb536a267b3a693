import { setImmediate } from 'node:timers/promises';

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Command, QueueAlertNotification, QueueHealth, type QueueHealthOptions } from 'nestjs-dispatch';

import { rejectionOf, start } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { collect, startQueued } from '../queued-application.js';

class PlaceOrder extends Command<string> {}

/** An application whose store says how its queue is, with time that stands still. */
async function startStill(queueHealth: QueueHealthOptions = {}, isObserved = true) {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
  const backend = new FakeBackend();
  const application = await startQueued({
    options: { queue: backend.factory, queueHealth, deadLetters: { checkEveryMs: 0 } },
    providers: [commandHandler(PlaceOrder, () => 'placed')],
  });
  const alerts = isObserved ? collect(application, QueueAlertNotification) : [];
  return { ...application, backend, alerts };
}

afterEach(() => {
  jest.useRealTimers();
});

/** Lets time pass, and the notifications arrive. */
async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
  await setImmediate();
}

describe('check()', () => {
  it('reports on a queue as it is', async () => {
    const gate = deferred();
    const { dispatcher, health, queues } = await startQueued({
      options: { queues: { defaults: { maxAttempts: 1 } } },
      providers: [
        commandHandler(PlaceOrder, async (_command, { id }) => {
          if (id === 'broken') throw new RangeError('broken');
          await gate.promise;
        }),
      ],
    });
    await rejectionOf(dispatcher.execute(new PlaceOrder(), { id: 'broken' }));
    for (const options of [{}, {}, {}, { delayMs: 60_000 }]) await dispatcher.send(new PlaceOrder(), options);
    expect(await health.check()).toEqual([
      {
        queue: 'default',
        depth: 2,
        oldestWaitingMs: expect.any(Number),
        delayed: 1,
        active: 1,
        failed: 1,
        stalled: 0,
        isPaused: false,
        isIdleWhileWaiting: false,
        isHealthy: true,
      },
    ]);
    await queues.pause('default');
    expect(await health.check('default')).toMatchObject([{ isPaused: true }]);
    gate.resolve();
  });

  it.each<[object, boolean]>([
    [{ waiting: 10 }, true],
    [{ waiting: 11 }, false],
    [{ parked: { failed: 1, unreadable: 1, unhandled: 0, invalid: 0 } }, true],
    [{ parked: { failed: 1, unreadable: 0, unhandled: 1, invalid: 1 } }, false],
  ])('tells by the limits whether a queue is healthy: %j', async (counted, isHealthy) => {
    const { health, backend } = await startStill({ maxWaiting: 10, maxFailed: 2 });
    backend.counted = counted;
    expect(await health.check()).toMatchObject([{ isHealthy }]);
  });

  it('fails for a queue nobody knows, where the store does not answer, and where there are no queues', async () => {
    const { health, backend } = await startStill();
    expect(await rejectionOf(health.check('oders'))).toMatchObject({ code: 'DISPATCH_INVALID_QUEUE_OPTIONS' });
    backend.onCounts = () => Promise.reject(new RangeError('connection lost'));
    expect(await rejectionOf(health.check())).toMatchObject({ message: 'connection lost' });
    const { app } = await start();
    expect(await rejectionOf(app.get(QueueHealth).check())).toMatchObject({ code: 'DISPATCH_NO_QUEUE' });
  });
});

describe('a queue outside its limits', () => {
  it('raises an alert at each look while it is', async () => {
    const { backend, alerts } = await startStill();
    backend.counted = { waiting: 1001, active: 1, parked: { failed: 101, unreadable: 0, unhandled: 0, invalid: 0 } };
    await pass(29_999);
    expect(alerts).toEqual([]);
    await pass(1);
    const both = [
      { queue: 'default', alert: 'waiting', count: 1001, limit: 1000 },
      { queue: 'default', alert: 'failed', count: 101, limit: 100 },
    ];
    expect(alerts).toMatchObject(both);
    await pass(30_000);
    expect(alerts).toMatchObject([...both, ...both]);
    backend.counted = { waiting: 1000 };
    await pass(30_000);
    expect(alerts).toHaveLength(4);
  });

  it('is told of by its own limits and rhythm', async () => {
    const { backend, alerts } = await startStill({ maxWaiting: 0, everyMs: 10 });
    backend.counted = { waiting: 1, active: 1 };
    await pass(20);
    expect(alerts).toMatchObject([{ count: 1, limit: 0 }, { count: 1 }]);
  });

  it('is not counted where nobody listens, and never with everyMs 0', async () => {
    const unheard = await startStill({}, false);
    await pass(120_000);
    expect(unheard.backend.countsAsked).toBe(0);
    const never = await startStill({ everyMs: 0 });
    await pass(120_000);
    expect(never.backend.countsAsked).toBe(0);
  });

  it('is looked at again after a look at which the store did not answer', async () => {
    const { backend, alerts, log } = await startStill();
    const answering = backend.onCounts;
    backend.onCounts = () => Promise.reject(new RangeError('connection lost'));
    await pass(30_000);
    expect(log.lines).toEqual(['error The health of the queues cannot be told: connection lost']);
    backend.onCounts = answering;
    backend.counted = { waiting: 1001, active: 1 };
    await pass(30_000);
    expect(alerts).toHaveLength(1);
  });

  it('is not looked at any more once the application closes', async () => {
    const { app, backend } = await startStill();
    await app.close();
    await pass(120_000);
    expect(backend.countsAsked).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a queue whose messages wait while the worker has nothing to do', () => {
  const look = () => pass(30_000);

  it('raises an alert at the second look', async () => {
    const { backend, alerts, health } = await startStill();
    backend.counted = { waiting: 3 };
    await look();
    expect(alerts).toEqual([]);
    await look();
    expect(alerts).toMatchObject([{ queue: 'default', alert: 'idle', count: 3, limit: 0 }]);
    expect(await health.check()).toMatchObject([{ isIdleWhileWaiting: true, isHealthy: false }]);
  });

  it.each<[string, (backend: FakeBackend) => void | Promise<unknown>]>([
    ['fewer wait than before', (backend) => void (backend.counted = { waiting: 2 })],
    ['some process is at work', (backend) => void (backend.counted = { waiting: 3, active: 1 })],
    ['it is paused', (backend) => void (backend.counted = { waiting: 3, isPaused: true })],
    ['its worker was given a message since', (backend) => backend.deliver({})],
  ])('raises none where %s', async (_reason, change) => {
    const { backend, alerts } = await startStill();
    backend.counted = { waiting: 3 };
    await look();
    await change(backend);
    await look();
    expect(alerts).toEqual([]);
  });

  it('raises none in a process that does not work on it', async () => {
    const backend = new FakeBackend();
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    const application = await startQueued({ options: { queue: backend.factory, role: 'send' } });
    const alerts = collect(application, QueueAlertNotification);
    backend.counted = { waiting: 3 };
    await look();
    await look();
    expect(backend.countsAsked).toBe(2);
    expect(alerts).toEqual([]);
  });
});
