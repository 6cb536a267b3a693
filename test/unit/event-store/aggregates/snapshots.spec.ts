import { describe, expect, it } from '@jest/globals';
import {
  inMemoryEventStore,
  inMemorySnapshots,
  MemoryTransaction,
  Notifications,
  type Snapshot,
  SnapshotFailedNotification,
  type SnapshotStore,
} from 'nestjs-dispatch';

import { AddToCount, Order, startOrders } from './orders.js';

/** A snapshot store in memory that notes what is saved, with some methods replaced. */
function watchedSnapshots(replaced: Partial<SnapshotStore> = {}) {
  const sound = inMemorySnapshots();
  const saved: Snapshot[] = [];
  const snapshots: SnapshotStore = {
    isShared: false,
    load: (stream) => sound.load(stream),
    remove: (stream) => sound.remove(stream),
    async save(snapshot) {
      saved.push(snapshot);
      await sound.save(snapshot);
    },
    ...replaced,
  };
  return { snapshots, saved, sound };
}

async function startWith(replaced?: Partial<SnapshotStore>, store = inMemoryEventStore()) {
  const watched = watchedSnapshots(replaced);
  const application = await startOrders({ store, eventStore: { snapshots: watched.snapshots } });
  const told: SnapshotFailedNotification[] = [];
  application.app
    .get(Notifications)
    .ofType(SnapshotFailedNotification)
    .subscribe((one) => told.push(one));
  return { ...application, ...watched, told };
}

describe('snapshots of an aggregate', () => {
  it('are taken whenever the number of events passes another multiple, and spare reading what is in them', async () => {
    const { orders, saved } = await startWith();
    const order = Order.place('7', 'ada').add(1);
    await orders.save(order);
    expect(saved).toEqual([]);
    await orders.save(order.add(2).add(3));
    await orders.save(order.add(4));
    expect(saved.map(({ version, schemaVersion }) => [version, schemaVersion])).toEqual([[4, 1]]);
    const loaded = await orders.load('7');
    expect(loaded).toMatchObject({ customer: 'ada', quantity: 10, version: 5, appliedCount: 1 });
    await orders.save(loaded.add(5));
    expect(saved.map(({ version }) => version)).toEqual([4, 6]);
    expect(await orders.load('7')).toMatchObject({ quantity: 15, version: 6, appliedCount: 0 });
  });

  it('are taken by one who reads what has come together without, but not in a transaction', async () => {
    const { orders, events, saved, store } = await startWith();
    await orders.save(Order.place('7', 'ada'));
    const [placed] = await store.readStreamPage('order-7', { from: 1, to: 1, direction: 'forwards', limit: 1 });
    const added = { name: 'orders.line-added', schemaVersion: 1, payload: '{"quantity":1}', metadata: {} };
    const more = [1, 2, 3].map((id) => ({ ...added, id: `${placed?.id}-${id}` }));
    await store.append('order-7', more, { expectedVersion: 1 });
    expect(await orders.load('7', { transaction: new MemoryTransaction() })).toMatchObject({ quantity: 3, version: 4 });
    expect(saved).toEqual([]);
    await orders.load('7');
    expect(saved).toMatchObject([{ stream: 'order-7', version: 4 }]);
    expect(await events.stream('order-7')).toMatchObject({ version: 4 });
  });

  it.each<[string, Partial<Snapshot>]>([
    ['that is no JSON', { state: '{"customer"' }],
    ['of another schema version', { schemaVersion: 2 }],
    ['whose version its stream has not', { version: 9 }],
    ['that the aggregate refuses', { state: 'null' }],
  ])('are made anew in the place of one %s, and it is told', async (_what, wrong) => {
    const { app, orders, sound, saved, told } = await startWith();
    await orders.save(Order.place('7', 'ada').add(1).add(2));
    await sound.remove('order-7');
    await sound.save({ stream: 'order-7', version: 3, schemaVersion: 1, state: '{}', ...wrong });
    saved.length = 0;
    const refusing = Order.prototype.fromSnapshot;
    Order.prototype.fromSnapshot = function (kept) {
      if ((kept as unknown) === null) throw new RangeError('refused');
      refusing.call(this, kept);
    };
    const loaded = await orders.load('7').finally(() => (Order.prototype.fromSnapshot = refusing));
    expect(loaded).toMatchObject({ customer: 'ada', quantity: 3, version: 3, appliedCount: 3 });
    await orders.save(loaded.add(4));
    await app.close();
    expect(told).toMatchObject([{ stream: 'order-7', phase: 'load' }]);
  });

  it('that cannot be saved or loaded fail nothing, and it is told', async () => {
    const down = (): Promise<never> => Promise.reject(new RangeError('no line to the snapshots'));
    const { app, orders, told, log } = await startWith({ save: down, load: down });
    await orders.save(Order.place('7', 'ada').add(1).add(2));
    expect(await orders.load('7')).toMatchObject({ quantity: 3, version: 3 });
    await app.close();
    expect(told.map(({ phase }) => phase)).toEqual(['save', 'load', 'save']);
    expect(told[0]?.error).toEqual(new RangeError('no line to the snapshots'));
    expect(log.lines.filter((line) => line.includes('no line to the snapshots'))).toHaveLength(3);
  });
});

describe('snapshots of a decider', () => {
  it('are taken of its state, and spare what is in them', async () => {
    const { counts, saved } = await startWith();
    for (const by of [1, 2, 3]) await counts.decide('a', new AddToCount(by));
    expect(saved).toMatchObject([{ stream: 'count-a', version: 2, state: '{"sum":3}' }]);
    expect(await counts.load('a')).toEqual({ state: { sum: 6 }, version: 3 });
  });
});

describe('the snapshots in memory', () => {
  const snapshot = { stream: 'order-1', version: 3, schemaVersion: 1, state: '{}' };

  it('keep the one with the highest version, until it is removed', async () => {
    const snapshots = inMemorySnapshots();
    await snapshots.save(snapshot);
    await snapshots.save({ ...snapshot, version: 2 });
    expect(await snapshots.load('order-1')).toEqual(snapshot);
    await snapshots.save({ ...snapshot, schemaVersion: 2 });
    expect((await snapshots.load('order-1'))?.schemaVersion).toBe(2);
    await snapshots.remove('order-1');
    expect(await snapshots.load('order-1')).toBeUndefined();
  });

  it('forget the one that was not used for longest where there are too many', async () => {
    const snapshots = inMemorySnapshots({ maxSnapshots: 2 });
    await snapshots.save(snapshot);
    await snapshots.save({ ...snapshot, stream: 'order-2' });
    await snapshots.load('order-1');
    await snapshots.save({ ...snapshot, stream: 'order-3' });
    const kept = await Promise.all(['1', '2', '3'].map((id) => snapshots.load(`order-${id}`)));
    expect(kept.map((one) => one?.stream)).toEqual(['order-1', undefined, 'order-3']);
  });

  it.each([0, 2.5, '7'])('cannot be made for %j of them', (maxSnapshots) => {
    expect(() => inMemorySnapshots({ maxSnapshots: maxSnapshots as number })).toThrow(
      expect.objectContaining({ code: 'DISPATCH_INVALID_EVENT_STORE_OPTIONS' }),
    );
  });
});
