import assert from 'node:assert/strict';

import type { OutboxBatch } from '../../run-modes/outbox/outbox-store.port.js';
import { addedOf, ALL, idsOf, message, sent, taken, type OutboxBenchCase } from './bench.js';

/** What is given of what was added. */
export const TAKING: readonly OutboxBenchCase[] = [
  {
    title: 'gives what was committed as it was added, and once it is settled no more',
    async run({ store, other, add }) {
      const odd = message(2, 'k\u0000\ud800', { queue: 'größe', dueAtMs: 1_700_000_000_123 });
      const added = [
        message(1),
        { ...odd, entry: { ...odd.entry, id: 'i\u0000', name: 'n\u0000', priority: 7, deduplicationId: 'd' } },
        { ...message(3), entry: { ...message(3).entry, data: { text: 'ä\u0000\ud83d', none: null, list: [1.5, {}] } } },
      ];
      await add(...added);
      const batch = await taken(other);
      assert.deepEqual(
        batch.messages.map(addedOf).toSorted((one, two) => one.queue.localeCompare(two.queue)),
        added.toSorted((one, two) => one.queue.localeCompare(two.queue)),
      );
      for (const { attempts, addedAt } of batch.messages) {
        assert.equal(attempts, 0);
        assert.ok(Math.abs(addedAt.getTime() - Date.now()) < 60_000);
      }
      await other.settle(batch, sent(batch));
      assert.equal(await store.take(ALL), undefined);
      assert.equal((await store.counts()).waiting, 0);
    },
  },
  {
    title: 'gives nothing before the commit, and never what was rolled back',
    async run({ store, other, transact }) {
      await transact(async (transaction) => {
        await store.add([message(1)], transaction);
        assert.equal(await other.take(ALL), undefined);
      });
      const failing = transact(async (transaction) => {
        await store.add([message(2)], transaction);
        throw new RangeError('rolled back');
      });
      await assert.rejects(failing, /rolled back/);
      assert.deepEqual(idsOf(await other.take(ALL)), ['m1']);
    },
  },
  {
    title: 'rejects a transaction that it cannot write in, and adds nothing',
    async run({ store }) {
      await assert.rejects(store.add([message(1)], {}));
      assert.equal(await store.take(ALL), undefined);
    },
  },
  {
    title: 'gives the messages of one key in the order they were added, over several transactions',
    async run({ store, add }) {
      await add(message(1, 'a'), message(2, 'b'), message(3, 'a'));
      await add(message(4, 'a'), message(5, 'b'));
      const ids = idsOf(await taken(store));
      assert.deepEqual(
        ids.filter((id) => ['m1', 'm3', 'm4'].includes(id)),
        ['m1', 'm3', 'm4'],
      );
      assert.deepEqual(
        ids.filter((id) => ['m2', 'm5'].includes(id)),
        ['m2', 'm5'],
      );
    },
  },
  {
    title: 'gives no more than it is told, and the rest to others',
    async run({ store, other, add }) {
      await add(...Array.from({ length: 200 }, (_, nth) => message(nth)));
      const found: string[] = [];
      for (const each of [store, other, store, other]) {
        const batch = await each.take({ ...ALL, limit: 10 });
        assert.ok(idsOf(batch).length <= 10, `gave ${idsOf(batch).length}`);
        found.push(...idsOf(batch));
      }
      assert.ok(found.length >= 20, `gave ${found.length} in all`);
      assert.equal(new Set(found).size, found.length);
    },
  },
  {
    title: 'gives what waits behind more than is wanted for queues that are to be left alone, and these again later',
    async run({ store, other, add }) {
      await add(...Array.from({ length: 20 }, (_, nth) => message(nth, `k${nth}`, { queue: 'größe\u0000' })));
      await add(message(20, 'k1'), message(21));
      const without = ['größe\u0000', 'unknown'];
      const found: string[] = [];
      for (
        let batch: OutboxBatch | undefined;
        (batch = await store.take({ ...ALL, limit: 2, without })) !== undefined;
      ) {
        found.push(...idsOf(batch));
        await store.settle(batch, sent(batch));
      }
      assert.deepEqual(found.toSorted(), ['m20', 'm21']);
      assert.equal((await taken(other)).messages.length, 20);
    },
  },
  {
    title: 'gives what has one key to nobody else while somebody has some of it, and then what is behind',
    async run({ store, other, add }) {
      await add(message(1, 'a'), message(2, 'a'));
      const first = await taken(store, { ...ALL, limit: 1 });
      assert.deepEqual(idsOf(first), ['m1']);
      assert.equal(await other.take(ALL), undefined);
      await store.settle(first, sent(first));
      assert.deepEqual(idsOf(await other.take(ALL)), ['m2']);
    },
  },
  {
    title: 'gives each message to one of many who take at once, and keeps the order of every key',
    async run({ store, other, add }) {
      const keys = ['a', 'b', 'c', 'd', 'e', undefined];
      for (let nth = 0; nth < 120; nth += 6) {
        await add(...keys.map((key, index) => message(nth + index, key)));
      }
      const handed: string[] = [];
      const relay = async (each: typeof store): Promise<void> => {
        for (let batch: OutboxBatch | undefined; (batch = await each.take({ ...ALL, limit: 7 })) !== undefined;) {
          handed.push(...idsOf(batch));
          await each.settle(batch, sent(batch));
        }
      };
      // Whoever finds all of it taken stops, and leaves it to the others.
      while ((await store.counts()).waiting > 0) await Promise.all([store, other, store, other].map(relay));
      assert.equal(handed.length, 120);
      assert.equal(new Set(handed).size, 120);
      for (const index of [0, 1, 2, 3, 4]) {
        const ofKey = handed.map((id) => Number(id.slice(1))).filter((nth) => nth % 6 === index);
        assert.deepEqual(
          ofKey,
          ofKey.toSorted((one, two) => one - two),
        );
      }
    },
  },
  {
    title: 'wakes those who watch when something is committed, until they do no more',
    async run({ store, other, add, until }) {
      assert.ok(store.watch !== undefined && other.watch !== undefined);
      let wakeCount = 0;
      const unwatch = other.watch(() => {
        wakeCount += 1;
      });
      // It may take a moment until the listening has begun, and what comes before is lost.
      let nth = 0;
      await until('a wake', async () => {
        await add(message(++nth));
        return wakeCount > 0;
      });
      unwatch();
      const before = wakeCount;
      await add(message(++nth));
      assert.equal(wakeCount, before);
    },
  },
];
