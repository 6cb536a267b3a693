import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Command, Event, Query, type HandlerContext, type ScheduleOptions } from 'nestjs-dispatch';

import { FakeBackend } from '../../run-modes/fake-backend.js';
import { startQueued } from '../../run-modes/queued-application.js';
import { rejectionOf, start } from '../application.js';
import { commandHandler, eventHandler, queryHandler } from '../handlers.js';

class Ping extends Command {
  constructor(readonly at = new Date(5)) {
    super();
  }
}
class Count extends Query {}
class Ticked extends Event {}
class Faraway extends Command {}

/** An application with time that stands still, and what its handlers were given. */
async function startStill() {
  const seen: { label: string; context: HandlerContext; at: number | undefined }[] = [];
  const note = (label: string) => (message: object, context: HandlerContext) => {
    const at = message instanceof Ping ? message.at.getTime() : undefined;
    seen.push({ label, context, at });
  };
  const application = await startQueued({
    options: { queues: { each: { often: {} } } },
    providers: [
      commandHandler(Ping, note('ping')),
      queryHandler(Count, note('count')),
      eventHandler(Ticked, note('mailer'), { name: 'Mailer' }),
      eventHandler(Ticked, note('ledger'), { name: 'Ledger', queue: 'often' }),
    ],
  });
  jest.useFakeTimers({ now: 0, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
  return { ...application, seen, labels: () => seen.map(({ label }) => label) };
}

afterEach(() => {
  jest.useRealTimers();
});

describe('a schedule', () => {
  it('sends a message at once and then at its interval, each with an id and a correlation of its own', async () => {
    const { dispatcher, seen } = await startStill();
    const state = await dispatcher.schedule(new Ping(), { id: 'pings', every: '30s', headers: { tenant: 'a' } });
    expect(state).toMatchObject({ id: 'pings', every: 30_000, queue: 'default', name: 'Ping', cron: undefined });
    await jest.advanceTimersByTimeAsync(0);
    expect(seen).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(seen.map(({ at, context }) => [at, context.headers['tenant'], context.attempt])).toEqual(
      Array.from({ length: 3 }, () => [5, 'a', 1]),
    );
    expect(new Set(seen.map(({ context }) => context.id)).size).toBe(3);
    for (const { context } of seen) expect(context.correlationId).toBe(context.id);
  });

  it('sends by a cron expression, in its time zone', async () => {
    const { dispatcher, seen } = await startStill();
    const state = await dispatcher.schedule(new Ping(), { id: 'daily', cron: '0 9 * * *', tz: 'Asia/Tokyo' });
    expect(state).toMatchObject({
      cron: '0 9 * * *',
      tz: 'Asia/Tokyo',
      nextAt: new Date('1970-01-02T00:00:00Z'),
    });
    await jest.advanceTimersByTimeAsync(86_400_000);
    expect(seen).toHaveLength(1);
  });

  it('keeps to the time zone of the process that made it where it names none, and says so', async () => {
    const { dispatcher } = await startStill();
    const state = await dispatcher.schedule(new Ping(), { id: 'daily', cron: '0 9 * * *' });
    expect(state.tz).toBe(new Intl.DateTimeFormat('en').resolvedOptions().timeZone);
    expect((await dispatcher.schedule(new Ping(), { id: 'pings', every: '30s' })).tz).toBeUndefined();
  });

  it('sends an event to every handler, each through its queue', async () => {
    const { dispatcher, seen, labels } = await startStill();
    await dispatcher.schedule(new Ticked(), { id: 'ticks', every: '1m' });
    await jest.advanceTimersByTimeAsync(0);
    expect(labels().toSorted()).toEqual(['ledger', 'mailer']);
    expect(new Set(seen.map(({ context }) => context.id)).size).toBe(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(labels()).toHaveLength(4);
  });

  it('sends a query as well, and through the queue it names', async () => {
    const { dispatcher, seen } = await startStill();
    await dispatcher.schedule(new Count(), { id: 'counts', every: '1h', queue: 'often' });
    await jest.advanceTimersByTimeAsync(0);
    expect(seen.map(({ label, context }) => `${label} ${context.queue}`)).toEqual(['count often']);
  });

  it('is replaced by one of its id, is listed, and can be cancelled', async () => {
    const { dispatcher, labels } = await startStill();
    await dispatcher.schedule(new Ping(), { id: 'pings', every: '1s' });
    await dispatcher.schedule(new Ping(), { id: 'pings', every: '1m' });
    await dispatcher.schedule(new Count(), { id: 'counts', cron: '*/5 * * * *', queue: 'often' });
    const listed = (await dispatcher.schedules()).map(({ id, queue, every }) => ({ id, queue, every }));
    expect(listed).toEqual([
      { id: 'counts', queue: 'often', every: undefined },
      { id: 'pings', queue: 'default', every: 60_000 },
    ]);
    expect(await dispatcher.cancelSchedule('pings')).toBe(true);
    expect(await dispatcher.cancelSchedule('pings')).toBe(false);
    expect(await dispatcher.schedules()).toMatchObject([{ id: 'counts' }]);
    await jest.advanceTimersByTimeAsync(120_000);
    expect(labels()).not.toContain('ping');
  });

  it.each<[Record<string, unknown>, string]>([
    [{ every: '1s' }, 'it needs an id, a text'],
    [{ id: '', every: '1s' }, 'it needs an id, a text'],
    [{ id: 'a' }, 'give one of "every" and "cron"'],
    [{ id: 'a', every: '1s', cron: '* * * * *' }, 'give one of "every" and "cron"'],
    [{ id: 'a', every: '1s', tz: 'Europe/Berlin' }, '"tz" belongs to "cron"'],
    [{ id: 'a', every: 'soon' }, '"every" is "soon", not a duration such as \'30s\' or \'1h\''],
    [{ id: 'a', every: 1000 }, '"every" is 1000, not a duration'],
    [{ id: 'a', every: '0s' }, '"every" is "0s", not a duration'],
    [{ id: 'a', cron: 'every day' }, 'the cron expression "every day" has 2 fields, not 5 or 6'],
    [{ id: 'a', cron: '61 * * * *' }, 'the cron expression "61 * * * *" cannot be read'],
    [{ id: 'a', cron: 5 }, 'the cron expression 5 has 1 fields, not 5 or 6'],
    [
      { id: 'a', cron: '* * * * *', tz: 'Europe/Berlni' },
      '"tz" is "Europe/Berlni", which is no time zone: give an IANA name such as \'Europe/Berlin\'',
    ],
    [{ id: 'a', every: '0.5ms' }, '"every" is "0.5ms", not a duration'],
    [{ id: 'a', every: '1.5ms' }, '"every" is 1.5, not a whole number of milliseconds from 1'],
    [{ id: 'a', every: '1s', priority: 'urgent' }, '"priority" is "urgent", not'],
  ])('is refused where it cannot be: %j', async (options, text) => {
    const { dispatcher } = await startStill();
    // As a program without types gives them.
    const refused = dispatcher.schedule(new Ticked(), options as unknown as ScheduleOptions);
    const error = await rejectionOf(refused);
    expect(error).toMatchObject({ code: 'DISPATCH_INVALID_SCHEDULE', problem: expect.stringContaining(text) });
    expect(await dispatcher.schedules()).toEqual([]);
  });

  it('is refused of a message that cannot be written, of no message, and for a queue nobody knows', async () => {
    const { dispatcher } = await startStill();
    const options: ScheduleOptions = { id: 'a', every: '1s' };
    const broken = Object.assign(new Ticked(), { callback: () => undefined });
    const refused = [
      dispatcher.schedule(broken, options),
      dispatcher.schedule(Ticked as never, options),
      dispatcher.schedule(new Ticked(), { ...options, queue: 'nowhere' }),
    ];
    expect(await Promise.all(refused.map(rejectionOf))).toMatchObject([
      { code: 'DISPATCH_UNSERIALIZABLE_MESSAGE' },
      { code: 'DISPATCH_INVALID_SEND_OPTIONS' },
      { code: 'DISPATCH_INVALID_SEND_OPTIONS', problem: expect.stringContaining('there is no queue "nowhere"') },
    ]);
  });

  it('needs queues, and so does every question about schedules', async () => {
    const { dispatcher } = await start();
    const asked = [
      dispatcher.schedule(new Ticked(), { id: 'a', every: '1s' }),
      dispatcher.schedules(),
      dispatcher.cancelSchedule('a'),
    ];
    expect(await Promise.all(asked.map(rejectionOf))).toMatchObject(asked.map(() => ({ code: 'DISPATCH_NO_QUEUE' })));
  });

  it('keeps the kind of a message that is handled elsewhere', async () => {
    const made: unknown[] = [];
    const backend = new FakeBackend();
    backend.schedule = (...given: unknown[]) => {
      made.push(...given);
      return Promise.reject(new Error('enough'));
    };
    const routes = [{ messages: [Faraway], queue: 'far' }];
    const { dispatcher } = await start({ options: { queue: backend.factory, role: 'send', routes } });
    await rejectionOf(dispatcher.schedule(new Faraway(), { id: 'a', every: '1s' }));
    expect(made).toMatchObject(['far', { entry: { name: 'Faraway', data: { kind: 'command' } } }]);
  });
});
