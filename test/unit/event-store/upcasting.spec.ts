import { describe, expect, it } from '@jest/globals';
import {
  Event,
  Message,
  RawEvent,
  upcaster,
  Upcaster,
  type DispatchOptions,
  type RecordedEvent,
  type StoredEventFacts,
} from 'nestjs-dispatch';

import { rejectionOf } from '../dispatcher/application.js';
import { all, startShop } from './shop.js';

@Message('orders.placed', { version: 3 })
class Placed extends Event {
  constructor(
    readonly amount: number,
    readonly currency: string,
    readonly at?: Date,
  ) {
    super();
  }
}

@Message('orders.accepted')
class Accepted extends Event {
  readonly by: string = 'nobody';
}

@Message('orders.line-added')
class LineAdded extends Event {
  readonly sku: string = '';
}

@Upcaster('orders.placed', { from: 1, to: 2 })
class InMainUnits {
  up({ cents, ...rest }: { cents: number }): object {
    return { amount: cents / 100, ...rest };
  }

  down({ amount, ...rest }: { amount: number }): object {
    return { cents: amount * 100, ...rest };
  }
}

const withCurrency = upcaster('orders.placed', {
  from: 2,
  to: 3,
  up: (payload: object) => ({ ...payload, currency: 'EUR' }),
  down: ({ currency: _currency, ...rest }: { currency: string }) => rest,
});
const accepted = upcaster('orders.approved', {
  from: 1,
  to: 1,
  as: 'orders.accepted',
  up: ({ who }: { who: string }) => ({ by: who }),
});
const linesApart = upcaster('orders.lines-added', {
  from: 1,
  into: [{ name: 'orders.line-added', version: 1 }],
  up: ({ skus }: { skus: string[] }) =>
    skus.map((sku) => ({ name: 'orders.line-added', version: 1, payload: { sku } })),
});
const dropped = upcaster('orders.noted', { from: 1, into: [], up: () => [] });

type Options = Partial<DispatchOptions['eventStore'] & object>;

async function startOrders(eventStore: Options = {}, ...providers: (new () => object)[]) {
  const upcasters = [withCurrency, accepted, linesApart, dropped];
  const shop = await startShop({
    options: { messages: [Placed, Accepted, LineAdded] },
    providers: providers.length === 0 ? [InMainUnits] : providers,
    eventStore: { upcasters, ...eventStore },
  });
  let count = 0;
  const stored = async (name: string, schemaVersion: number, payload: object): Promise<void> => {
    const event = { id: `e${(count += 1)}`, name, schemaVersion, payload: JSON.stringify(payload), metadata: {} };
    await shop.store.append('order-7', [event], { expectedVersion: 'any' });
  };
  return { ...shop, stored };
}

function factsOf(recorded: readonly RecordedEvent[]) {
  return recorded.map(({ version, name, schemaVersion, event }) => [version, `${name} ${schemaVersion}`, { ...event }]);
}

describe('events of older versions', () => {
  it('are read as instances of the newest class, through every upcaster on the way', async () => {
    const { events, stored } = await startOrders();
    await stored('orders.placed', 1, { cents: 250, at: { '$dispatch:date': '2024-01-01T00:00:00.000Z' } });
    await stored('orders.placed', 2, { amount: 3 });
    await stored('orders.placed', 3, { amount: 4, currency: 'CHF' });
    const read = await all(events.readStream<Placed>('order-7'));
    expect(read.map(({ event }) => event)).toEqual([
      new Placed(2.5, 'EUR', new Date('2024-01-01')),
      new Placed(3, 'EUR'),
      new Placed(4, 'CHF'),
    ]);
    for (const { event } of read) expect(event).toBeInstanceOf(Placed);
  });

  it('may come under a new name, as several events, or as none', async () => {
    const { events, stored } = await startOrders();
    await stored('orders.approved', 1, { who: 'ada' });
    await stored('orders.lines-added', 1, { skus: ['a', 'b'] });
    await stored('orders.noted', 1, { text: 'x' });
    await stored('orders.lines-added', 1, { skus: [] });
    expect(factsOf(await all(events.readAll()))).toEqual([
      [1, 'orders.accepted 1', { by: 'ada' }],
      [2, 'orders.line-added 1', { sku: 'a' }],
      [2, 'orders.line-added 1', { sku: 'b' }],
    ]);
  });

  it('are found by the names they are read as, and by those they were stored as', async () => {
    const { events, stored } = await startOrders();
    await stored('orders.approved', 1, { who: 'ada' });
    await stored('orders.lines-added', 1, { skus: ['a'] });
    await stored('orders.accepted', 1, { by: 'bob' });
    const versionsOf = async (names: readonly string[]): Promise<number[]> =>
      (await all(events.readAll({ names }))).map(({ version }) => version);
    expect(await versionsOf(['orders.accepted'])).toEqual([1, 3]);
    expect(await versionsOf(['orders.approved'])).toEqual([1]);
    expect(await versionsOf(['orders.line-added'])).toEqual([2]);
  });

  it('are downcast for a reader that asks for an older version, without a class as they are', async () => {
    const { events, stored } = await startOrders();
    await stored('orders.placed', 3, { amount: 4, currency: 'CHF' });
    await stored('orders.placed', 1, { cents: 100 });
    const one = await all(events.readStream('order-7', { versions: { 'orders.placed': 1 } }));
    expect(one.map(({ event }) => event)).toEqual([
      new RawEvent('orders.placed', 1, { cents: 400 }),
      new RawEvent('orders.placed', 1, { cents: 100 }),
    ]);
    const two = await all(events.readAll({ versions: { 'orders.placed': 2 } }));
    expect(two.map(({ event }) => event)).toEqual([
      new RawEvent('orders.placed', 2, { amount: 4 }),
      new RawEvent('orders.placed', 2, { amount: 1 }),
    ]);
  });
});

describe('a reader that is behind', () => {
  it('reads what newer processes store as the version it knows, where an upcaster knows the way back', async () => {
    const next = upcaster('orders.placed', {
      from: 3,
      to: 4,
      up: ({ amount, ...rest }: { amount: number }) => ({ total: amount, ...rest }),
      down: ({ total, ...rest }: { total: number }) => ({ amount: total, ...rest }),
    });
    const { events, stored } = await startOrders({ upcasters: [withCurrency, next] });
    await stored('orders.placed', 4, { total: 7, currency: 'CHF' });
    await stored('orders.placed', 3, { amount: 8, currency: 'CHF' });
    const read = await all(events.readStream('order-7'));
    expect(read.map(({ event }) => event)).toEqual([new Placed(7, 'CHF'), new Placed(8, 'CHF')]);
    expect(read.map(({ schemaVersion }) => schemaVersion)).toEqual([3, 3]);
  });
});

describe('a version that nothing leads from', () => {
  it('ends the reading where it is older than the class, whatever the policy for unknown events', async () => {
    const { events, stored } = await startShopWithoutUpcasters();
    await stored('orders.placed', 1, { cents: 250 });
    expect(await rejectionOf(all(events.readAll()))).toMatchObject({
      code: 'DISPATCH_MISSING_UPCASTER',
      reached: { name: 'orders.placed', version: 1 },
      newestVersion: 3,
      stored: { stream: 'order-7', version: 1 },
    });
    await stored('orders.placed', 3, { amount: 4, currency: 'CHF' });
    expect(await all(events.readAll({ afterPosition: 1 }))).toHaveLength(1);
  });

  it('counts as unknown where it is newer than the class and there is no way back', async () => {
    const { events, stored } = await startShopWithoutUpcasters('raw');
    await stored('orders.placed', 4, { total: 1 });
    expect((await all(events.readAll()))[0]?.event).toEqual(new RawEvent('orders.placed', 4, { total: 1 }));
    const failing = await startShopWithoutUpcasters('fail');
    await failing.stored('orders.placed', 4, { total: 1 });
    expect(await rejectionOf(all(failing.events.readAll()))).toMatchObject({ code: 'DISPATCH_UNKNOWN_EVENT' });
  });

  async function startShopWithoutUpcasters(unknownEvents: 'skip' | 'raw' | 'fail' = 'skip') {
    class NoUpcaster {}
    return startOrders({ upcasters: [], unknownEvents }, NoUpcaster);
  }
});

describe('an upcaster that fails', () => {
  it.each<[string, () => unknown]>([
    ['gives nothing', () => undefined],
    ['gives a promise', async () => ({})],
    ['gives a list', () => []],
  ])('and %s ends the reading there, and the next event is read', async (_what, up) => {
    const failing = upcaster('orders.approved', { from: 1, to: 1, as: 'orders.accepted', up: up as () => object });
    const { events, stored } = await startOrders({ upcasters: [withCurrency, failing] });
    await stored('orders.approved', 1, { who: 'ada' });
    await stored('orders.accepted', 1, { by: 'bob' });
    expect(await rejectionOf(all(events.readAll()))).toMatchObject({
      code: 'DISPATCH_UPCAST_FAILED',
      upcasterName: "upcaster('orders.approved')",
      stored: { version: 1 },
    });
    expect(await all(events.readAll({ afterPosition: 1 }))).toHaveLength(1);
  });

  it('is named with what it has thrown, and is told which event it is given', async () => {
    const failing = upcaster('orders.approved', {
      from: 1,
      to: 1,
      as: 'orders.accepted',
      up: (_payload: object, { stream, version }: StoredEventFacts) => {
        throw new RangeError(`no rate for ${stream} ${version}`);
      },
    });
    const { events, stored } = await startOrders({ upcasters: [withCurrency, failing] });
    await stored('orders.approved', 1, { who: 'ada' });
    expect(await rejectionOf(all(events.readAll()))).toMatchObject({
      code: 'DISPATCH_UPCAST_FAILED',
      cause: new RangeError('no rate for order-7 1'),
    });
  });

  it.each([
    ['no list', () => ({}) as never],
    ['a shape it does not name', () => [{ name: 'orders.accepted', version: 1, payload: {} }]],
    ['a payload that is none', () => [{ name: 'orders.line-added', version: 1, payload: [] }]],
  ])('as one that gives %s for several events does', async (_what, up) => {
    const into = [{ name: 'orders.line-added', version: 1 }];
    const failing = upcaster('orders.lines-added', { from: 1, into, up });
    const { events, stored } = await startOrders({ upcasters: [withCurrency, failing] });
    await stored('orders.lines-added', 1, {});
    expect(await rejectionOf(all(events.readAll()))).toMatchObject({ code: 'DISPATCH_UPCAST_FAILED' });
  });
});
