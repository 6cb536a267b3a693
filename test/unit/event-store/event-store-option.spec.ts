import { describe, expect, it } from '@jest/globals';
import { EventLog, inMemoryEventStore, type EventStore } from 'nestjs-dispatch';

import { rejectionOf, start } from '../dispatcher/application.js';
import { all, Closed, Placed, startShop } from './shop.js';

describe('the option eventStore', () => {
  it('may be left out, and then the event log says so', async () => {
    const { app } = await start();
    const events = app.get(EventLog);
    const code = 'DISPATCH_EVENT_STORE_NOT_CONFIGURED';
    expect(await rejectionOf(events.append('a-1', [], { expectedVersion: 'any' }))).toMatchObject({ code });
    expect(await rejectionOf(all(events.readAll()))).toMatchObject({ code });
    expect(await rejectionOf(all(events.subscribe()))).toMatchObject({ code });
    expect(await rejectionOf(events.archive('a-1'))).toMatchObject({ code });
    expect(await rejectionOf(events.delete('a-1'))).toMatchObject({ code });
    expect(await rejectionOf(events.stream('a-1'))).toMatchObject({ code });
  });

  it('keeps the application from starting where it is wrong, with every mistake', async () => {
    const wrong = { store: { append() {} }, unknownEvents: 'drop', retries: 3 } as never;
    const error = await rejectionOf(start({ options: { eventStore: wrong } }));
    expect(error).toMatchObject({ code: 'DISPATCH_WIRING', mistakes: { length: 3 } });
    expect(String(error)).toContain('readStreamPage');
    expect(await rejectionOf(start({ options: { eventStore: {} as never } }))).toMatchObject({
      message: expect.stringContaining('has no "store"'),
    });
  });

  it('opens the store before anything is handled, and closes it when the application has closed', async () => {
    const told: string[] = [];
    const store: EventStore = Object.assign(inMemoryEventStore(), {
      open: async () => void told.push('open'),
      close: async () => void told.push('close'),
    });
    const { app } = await startShop({ store });
    await app.close();
    expect(told).toEqual(['open', 'close']);
  });

  it('keeps the application from starting where the store cannot be opened, and closes it', async () => {
    const told: string[] = [];
    const store: EventStore = Object.assign(inMemoryEventStore(), {
      open: () => Promise.reject(new RangeError('no such database')),
      close: async () => void told.push('close'),
    });
    expect(await rejectionOf(startShop({ store }))).toEqual(new RangeError('no such database'));
    expect(told).toEqual(['close']);
  });
});

describe('the store in memory', () => {
  it('appends nothing beyond its limit, and takes what fits, also in the room of a deleted stream', async () => {
    const { events } = await startShop({ store: inMemoryEventStore({ maxEvents: 3 }) });
    await events.append('order-1', [new Placed('ada'), new Closed()], { expectedVersion: 'none' });
    const two = [new Placed('bob'), new Closed()];
    const full = { code: 'DISPATCH_EVENT_STORE_FULL', maxEvents: 3 };
    expect(await rejectionOf(events.append('order-2', two, { expectedVersion: 'none' }))).toMatchObject(full);
    expect(await events.stream('order-2')).toBeUndefined();
    await events.delete('order-1');
    expect((await events.append('order-2', two, { expectedVersion: 'none' })).position).toBe(4);
  });

  it.each([0, 1.5, '9'])('cannot be made with maxEvents %j', (maxEvents) => {
    expect(() => inMemoryEventStore({ maxEvents: maxEvents as number })).toThrow(
      expect.objectContaining({ code: 'DISPATCH_INVALID_EVENT_STORE_OPTIONS' }),
    );
  });
});
