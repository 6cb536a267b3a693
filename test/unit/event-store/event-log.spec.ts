import { describe, expect, it } from '@jest/globals';
import {
  Command,
  EventLog,
  inMemoryEventStore,
  RawEvent,
  type EventStore,
  type HandlerContext,
  type RecordedEvent,
} from 'nestjs-dispatch';

import { rejectionOf } from '../dispatcher/application.js';
import { commandHandler } from '../dispatcher/handlers.js';
import { all, Closed, Forgotten, LineAdded, Placed, startShop } from './shop.js';

class CloseOrder extends Command {}

const foreign = { id: 'e1', name: 'shop.forgotten', schemaVersion: 3, payload: '{"a":1}', metadata: {} };

function textsOf(events: readonly RecordedEvent[]): string[] {
  return events.map(({ version, event }) => `${version} ${event.constructor.name}`);
}

describe('appending through the event log', () => {
  it.each([
    ['of an unknown class', new Forgotten(), 'DISPATCH_UNKNOWN_EVENT'],
    ['of no class', { plain: true }, 'DISPATCH_UNKNOWN_EVENT'],
    ['that is no data', new Placed((() => 'ada') as never), 'DISPATCH_UNSERIALIZABLE_MESSAGE'],
    ['that is too large', new Placed('é'.repeat(750)), 'DISPATCH_MESSAGE_TOO_LARGE'],
  ])('refuses all events where there is one %s, and works on', async (_what, wrong, code) => {
    const { events } = await startShop({ options: { maxPayloadBytes: 1500 } });
    const append = (list: readonly object[]) => events.append('order-7', list, { expectedVersion: 'none' });
    expect(await rejectionOf(append([new Placed('ada'), wrong]))).toMatchObject({ code });
    expect(await events.stream('order-7')).toBeUndefined();
    expect(await append([new Placed('é'.repeat(700))])).toEqual({ version: 1, position: 1 });
  });

  it('rejects with the versions where somebody was faster', async () => {
    const { events } = await startShop();
    await events.append('order-7', [new Placed('ada'), new Closed()], { expectedVersion: 'none' });
    const late = events.append('order-7', [new Closed()], { expectedVersion: 1 });
    const facts = { code: 'DISPATCH_CONCURRENCY', stream: 'order-7', expected: 1, actual: 2 };
    expect(await rejectionOf(late)).toMatchObject(facts);
    expect((await events.append('order-7', [new Closed()], { expectedVersion: 2 })).version).toBe(3);
  });

  it('appends nothing to a stream that was archived or deleted, and reads the archived one', async () => {
    const { events } = await startShop();
    for (const stream of ['order-1', 'order-2']) {
      await events.append(stream, [new Placed('ada')], { expectedVersion: 'none' });
    }
    expect([await events.archive('order-1'), await events.delete('order-2')]).toEqual([true, true]);
    const append = (stream: string) => events.append(stream, [new Closed()], { expectedVersion: 'any' });
    expect(await rejectionOf(append('order-1'))).toMatchObject({ code: 'DISPATCH_STREAM_ARCHIVED' });
    expect(await rejectionOf(append('order-2'))).toMatchObject({ code: 'DISPATCH_STREAM_DELETED' });
    expect(await rejectionOf(all(events.readStream('order-2')))).toMatchObject({ code: 'DISPATCH_STREAM_DELETED' });
    expect(textsOf(await all(events.readAll()))).toEqual(['1 Placed']);
    expect(await events.stream('order-1')).toMatchObject({ version: 1, isArchived: true, isDeleted: false });
  });

  it.each([
    ['7', 'any', [], 'category'],
    ['order-7', undefined, [], 'the expected version is undefined'],
    ['order-7', 1.5, [], 'the expected version is 1.5'],
    ['order-7', 'any', new Placed('ada'), 'the events are an object, not a list'],
  ])('refuses %j with the expected version %j', async (stream, expectedVersion, list, problem) => {
    const { events } = await startShop();
    const appended = events.append(stream, list as never, { expectedVersion: expectedVersion as never });
    expect(await rejectionOf(appended)).toMatchObject({
      code: 'DISPATCH_INVALID_APPEND',
      message: expect.stringContaining(problem),
    });
  });

  it('keeps the headers of the message whose handler appends, and the own ones before those', async () => {
    const { dispatcher, app, events } = await startShop({
      providers: [
        commandHandler(CloseOrder, async () => {
          await app
            .get(EventLog)
            .append('order-7', [new Closed()], { expectedVersion: 'any', headers: { tenant: 'b' } });
        }),
      ],
    });
    const headers = { tenant: 'a', user: 'ada' };
    await dispatcher.execute(new CloseOrder(), { id: 'm1', correlationId: 'c1', headers });
    const [closed] = await all(events.readStream('order-7'));
    expect(closed?.metadata).toEqual({ tenant: 'b', user: 'ada', correlationId: 'c1', causationId: 'm1' });
  });

  it('takes the context it is given where none is kept', async () => {
    const { dispatcher, app, events } = await startShop({
      options: { context: 'explicit' },
      providers: [
        commandHandler(CloseOrder, async (_command, context: HandlerContext) => {
          const log = app.get(EventLog);
          await log.append('order-1', [new Closed()], { expectedVersion: 'any', context });
          await log.append('order-2', [new Closed()], { expectedVersion: 'any' });
        }),
      ],
    });
    await dispatcher.execute(new CloseOrder(), { id: 'm1' });
    const [given, none] = await all(events.readAll());
    expect(given?.metadata).toEqual({ correlationId: 'm1', causationId: 'm1' });
    expect(none?.metadata).toEqual({ correlationId: none?.id });
  });

  it('has the first event correlate all that are appended outside a handler', async () => {
    const { events } = await startShop();
    await events.append('order-7', [new Placed('ada'), new Closed()], { expectedVersion: 'none' });
    const [placed, closed] = await all(events.readStream('order-7'));
    expect(placed?.metadata).toEqual({ correlationId: placed?.id });
    expect(closed?.metadata).toEqual({ correlationId: placed?.id });
  });
});

describe('reading through the event log', () => {
  it('gives instances of the classes, with what the store knows of them', async () => {
    const { events } = await startShop();
    await events.append('order-7', [new Placed('Ärger 🦊'), new LineAdded(2)], { expectedVersion: 'none' });
    const [placed, added] = await all(events.readStream<Placed | LineAdded>('order-7'));
    expect(placed?.event).toEqual(new Placed('Ärger 🦊', new Date(7)));
    expect(added?.event).toBeInstanceOf(LineAdded);
    expect(placed).toMatchObject({ stream: 'order-7', version: 1, position: 1, name: 'shop.placed', schemaVersion: 1 });
    expect(placed?.recordedAt).toBeInstanceOf(Date);
    expect(Object.keys(placed ?? {})).not.toContain('payload');
  });

  it.each([
    ['fail', ['1 Placed', 'DISPATCH_UNKNOWN_EVENT']],
    ['skip', ['1 Placed', '3 Closed']],
    ['raw', ['1 Placed', '2 RawEvent', '3 Closed']],
  ] as const)('does what the policy %j says of an event whose class is not known', async (unknownEvents, expected) => {
    const { events, store } = await startShop({ eventStore: { unknownEvents } });
    await events.append('order-7', [new Placed('ada')], { expectedVersion: 'none' });
    await store.append('order-7', [foreign], { expectedVersion: 1 });
    await events.append('order-7', [new Closed()], { expectedVersion: 2 });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const one of events.readStream('order-7')) seen.push(...textsOf([one]));
    })();
    await reading.catch((error: { code: string }) => seen.push(error.code));
    expect(seen).toEqual(expected);
    const [last] = await all(events.readStream('order-7', { from: 3 }));
    expect(last?.event).toBeInstanceOf(Closed);
  });

  it('gives what is not known as it was stored, and names it in the error', async () => {
    const raw = await startShop({ eventStore: { unknownEvents: 'raw' } });
    await raw.store.append('order-7', [foreign], { expectedVersion: 'none' });
    expect((await all(raw.events.readAll()))[0]?.event).toEqual(new RawEvent('shop.forgotten', 3, { a: 1 }));
    const { events } = await startShop({ store: raw.store });
    expect(await rejectionOf(all(events.readAll()))).toMatchObject({
      eventName: 'shop.forgotten',
      schemaVersion: 3,
      message: expect.stringContaining('version 1 of "order-7"'),
    });
  });

  it.each(['{"a":', '[]', '7', '{"__proto__":{}}'])(
    'says which event cannot be read where %s is stored',
    async (payload) => {
      const { events, store } = await startShop({ eventStore: { unknownEvents: 'skip' } });
      const broken = { ...foreign, name: 'shop.placed', schemaVersion: 1, payload };
      await store.append('order-7', [broken], { expectedVersion: 'none' });
      await events.append('order-7', [new Closed()], { expectedVersion: 1 });
      expect(await rejectionOf(all(events.readStream('order-7')))).toMatchObject({
        code: 'DISPATCH_UNREADABLE_EVENT',
        stored: { stream: 'order-7', version: 1, position: 1, name: 'shop.placed' },
        cause: { code: 'DISPATCH_UNREADABLE_MESSAGE' },
      });
      expect(textsOf(await all(events.readStream('order-7', { from: 2 })))).toEqual(['2 Closed']);
    },
  );

  it('tells every wrong option, of each way to read', async () => {
    const { events } = await startShop();
    const wrong = { from: 0, to: 0.5, direction: 'up', limit: 0, pageSize: 10_001 } as never;
    const code = 'DISPATCH_INVALID_READ';
    expect(await rejectionOf(all(events.readStream('7', wrong)))).toMatchObject({ code, problems: { length: 6 } });
    const filter = { afterPosition: -1, names: 'a', categories: [7], archived: true, limit: 0 } as never;
    expect(await rejectionOf(all(events.readAll(filter)))).toMatchObject({ code, problems: { length: 5 } });
    const following = { afterPosition: 'start', pollIntervalMs: 0 } as never;
    expect(await rejectionOf(all(events.subscribe(following)))).toMatchObject({ code, problems: { length: 2 } });
  });

  it('holds one page at a time of a stream of 10 000 events', async () => {
    const store = inMemoryEventStore();
    const limits: number[] = [];
    const watched: EventStore = Object.assign(Object.create(store) as EventStore, {
      readStreamPage: (stream: string, query: Parameters<EventStore['readStreamPage']>[1]) => {
        limits.push(query.limit);
        return store.readStreamPage(stream, query);
      },
    });
    const { events } = await startShop({ store: watched });
    const batch = Array.from({ length: 1000 }, () => new LineAdded(1));
    for (let part = 0; part < 10; part++) await events.append('order-7', batch, { expectedVersion: part * 1000 });
    let sum = 0;
    for await (const { event } of events.readStream<LineAdded>('order-7')) sum += event.quantity;
    expect(sum).toBe(10_000);
    expect(Math.max(...limits)).toBe(500);
    expect(limits.length).toBeGreaterThanOrEqual(20);
  });
});

describe('a subscription', () => {
  it('gives what is there and what comes, filtered, until its signal aborts', async () => {
    const { events } = await startShop();
    const stop = new AbortController();
    await events.append('order-7', [new Placed('ada'), new LineAdded(1)], { expectedVersion: 'none' });
    const seen: string[] = [];
    for await (const one of events.subscribe({ signal: stop.signal, names: ['shop.line-added'] })) {
      seen.push(...textsOf([one]));
      if (one.version < 4) await events.append('order-7', [new LineAdded(1)], { expectedVersion: one.version });
      else stop.abort();
    }
    expect(seen).toEqual(['2 LineAdded', '3 LineAdded', '4 LineAdded']);
  });

  it('ends when the application closes, and at once where that is over', async () => {
    const { app, events } = await startShop();
    const following = all(events.subscribe({ pollIntervalMs: 2_000_000_000 }));
    await events.append('order-7', [new Closed()], { expectedVersion: 'none' });
    await new Promise((resolve) => setImmediate(resolve));
    await app.close();
    expect(textsOf(await following)).toEqual(['1 Closed']);
    expect(await all(events.subscribe())).toEqual([]);
  });

  it('rejects with what the store says, and goes on where it was when it is begun anew', async () => {
    const store = inMemoryEventStore();
    let isDown = false;
    const shaky: EventStore = Object.assign(Object.create(store) as EventStore, {
      readAllPage: async (query: Parameters<EventStore['readAllPage']>[0]) => {
        if (isDown) throw new RangeError('no line to the store');
        return store.readAllPage(query);
      },
    });
    const { events } = await startShop({ store: shaky });
    await events.append('order-7', [new Placed('ada'), new Closed()], { expectedVersion: 'none' });
    let position = 0;
    const follow = async (): Promise<void> => {
      for await (const one of events.subscribe({ afterPosition: position, pageSize: 1 })) {
        position = one.position;
        isDown = position === 1;
        if (position === 2) return;
      }
    };
    expect(await rejectionOf(follow())).toEqual(new RangeError('no line to the store'));
    isDown = false;
    await follow();
    expect(position).toBe(2);
  });
});
