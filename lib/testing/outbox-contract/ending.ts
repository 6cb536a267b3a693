import assert from 'node:assert/strict';

import { ALL, idsOf, message, REFUSAL, sent, taken, type OutboxBenchCase } from './bench.js';

/** What becomes of messages that were taken. */
export const ENDING: readonly OutboxBenchCase[] = [
  {
    title: 'gives back what nothing is said of, and takes the same word twice',
    async run({ store, other, add }) {
      await add(message(1, 'a'), message(2, 'a'));
      const batch = await taken(store);
      const ends = sent({ ...batch, messages: batch.messages.slice(0, 1) });
      await store.settle(batch, ends);
      await store.settle(batch, ends);
      const [left] = (await taken(other)).messages;
      assert.equal(left?.entry.id, 'm2');
      assert.equal(left?.attempts, 0);
    },
  },
  {
    title: 'gives more with the word for what came before, until there is no more, each message once and in order',
    async run({ store, add }) {
      await add(...Array.from({ length: 40 }, (_, nth) => message(nth, `key-${nth % 3}`)));
      const next = { ...ALL, limit: 4 };
      const found: string[] = [];
      for (
        let batch = await store.take(next);
        batch !== undefined;
        batch = await store.settle(batch, sent(batch), next)
      ) {
        found.push(...idsOf(batch));
      }
      assert.equal(new Set(found).size, 40);
      assert.equal(found.length, 40);
      for (const key of [0, 1, 2]) {
        const ofKey = found.map((id) => Number(id.slice(1))).filter((nth) => nth % 3 === key);
        assert.deepEqual(
          ofKey,
          ofKey.toSorted((one, two) => one - two),
        );
      }
      assert.equal((await store.counts()).waiting, 0);
    },
  },
  {
    title: 'gives what was not settled to another one once its time is over, and takes a late word for it',
    async run({ store, other, add, until }) {
      await add(message(1, 'a'), message(2));
      const lost = await taken(store, { limit: 1000, leaseMs: 30 });
      const found = new Set<string>();
      await until('the lease to be over', async () => {
        const batch = await other.take({ limit: 1000, leaseMs: 30 });
        for (const id of idsOf(batch)) found.add(id);
        return found.size === 2;
      });
      await store.settle(lost, sent(lost));
      assert.deepEqual(await store.counts(), { waiting: 0, retrying: 0, oldestWaitingMs: 0, failed: 0 });
    },
  },
  {
    title: 'holds back what is tried again, with what is behind it of its key, and nothing else',
    async run({ store, other, add, until }) {
      await add(message(1, 'a'), message(2, 'a'), message(3, 'b'), message(4));
      const batch = await taken(store);
      const first = batch.messages.find(({ entry }) => entry.id === 'm1');
      await store.settle(batch, [{ id: first?.id ?? '', status: 'retry', delayMs: 300, error: REFUSAL }]);
      assert.deepEqual(idsOf(await other.take({ limit: 1000, leaseMs: 20 })).toSorted(), ['m3', 'm4']);
      assert.equal((await other.counts()).retrying, 1);
      await until('it to come again', async () => {
        const again = await other.take({ limit: 1000, leaseMs: 20 });
        const ofKey = (again?.messages ?? []).filter(({ entry }) => entry.key === 'a');
        if (ofKey.length === 0) return false;
        assert.deepEqual(
          ofKey.map(({ entry, attempts }) => [entry.id, attempts]),
          [
            ['m1', 1],
            ['m2', 0],
          ],
        );
        return true;
      });
    },
  },
  {
    title: 'sets aside what failed, with its error, and gives what is behind it of its key',
    async run({ store, other, add }) {
      await add(message(1, 'a'), message(2, 'a'));
      const batch = await taken(store, { ...ALL, limit: 1 });
      await store.settle(batch, [{ id: batch.messages[0]?.id ?? '', status: 'failed', error: REFUSAL }]);
      assert.deepEqual(idsOf(await other.take(ALL)), ['m2']);
      const [failed] = await other.failed({ limit: 10 });
      assert.ok(failed !== undefined);
      const { addedAt, failedAt, ...facts } = failed;
      assert.deepEqual(facts, {
        id: batch.messages[0]?.id,
        queue: 'orders',
        name: 'orders.place',
        entryId: 'm1',
        key: 'a',
        attempts: 1,
        error: REFUSAL,
      });
      assert.ok(failedAt.getTime() >= addedAt.getTime());
      const { waiting, failed: failedCount } = await other.counts();
      assert.deepEqual([waiting, failedCount], [1, 1]);
    },
  },
  {
    title: 'gives what was set aside again when it is told to, as if for the first time, and only that',
    async run({ store, other, add }) {
      await add(message(1), message(2), message(3));
      const batch = await taken(store);
      const [one, two, three] = batch.messages.map(({ id }) => id);
      const failing = [one, two].map((id = '') => ({ id, status: 'failed', error: REFUSAL }) as const);
      await store.settle(batch, [...failing, { id: three ?? '', status: 'sent' }]);
      assert.equal(await other.retry([one ?? '', three ?? '', 'no id', '99999999']), 1);
      const again = await taken(other);
      assert.deepEqual(
        again.messages.map(({ id, attempts }) => [id, attempts]),
        [[one, 0]],
      );
      assert.equal(await other.retry(), 1);
      assert.equal(await other.retry(), 0);
      assert.deepEqual((await store.failed({ limit: 10 })).length, 0);
    },
  },
  {
    title: 'pages through what was set aside, the oldest first',
    async run({ store, other, add }) {
      await add(...Array.from({ length: 7 }, (_, nth) => message(nth, 'a')));
      const batch = await taken(store);
      await store.settle(
        batch,
        batch.messages.map(({ id }) => ({ id, status: 'failed', error: REFUSAL })),
      );
      const found: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await other.failed({ limit: 3, after });
        assert.ok(page.length <= 3);
        if (page.length === 0) break;
        found.push(...page.map(({ entryId }) => entryId));
        after = page.at(-1)?.id;
      }
      assert.deepEqual(found, ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
    },
  },
  {
    title: 'counts what waits, how long, what is tried again and what is set aside',
    async run({ store, other, add }) {
      assert.deepEqual(await store.counts(), { waiting: 0, retrying: 0, oldestWaitingMs: 0, failed: 0 });
      await add(message(1), message(2), message(3), message(4));
      const batch = await taken(store);
      const [one = '', two = '', three = ''] = batch.messages.map(({ id }) => id);
      await store.settle(batch, [
        { id: one, status: 'sent' },
        { id: two, status: 'retry', delayMs: 60_000, error: REFUSAL },
        { id: three, status: 'failed', error: REFUSAL },
      ]);
      const { oldestWaitingMs, ...counts } = await other.counts();
      assert.deepEqual(counts, { waiting: 2, retrying: 1, failed: 1 });
      assert.ok(oldestWaitingMs >= 0 && oldestWaitingMs < 60_000, `waits ${oldestWaitingMs} ms`);
    },
  },
];
