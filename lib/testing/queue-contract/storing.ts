import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { JsonValue } from '../../run-modes/queue/queue-backend.port.js';
import { COMPLETE, FAILURE, type BenchCase } from './bench.js';

/** Data of every kind JSON has, and texts that stores like to break. */
const DATA: JsonValue = {
  text: 'Grüße, 世界, 🦊, \u0000, "quoted" \\ and\nlines',
  numbers: [0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER],
  nothing: null,
  yes: true,
  nested: { a: [{ b: { c: [[], {}] } }], 'with:colon': '{{tag}}' },
  empty: '',
};

/** What is stored, and how often. */
export const storingCases: readonly BenchCase[] = [
  {
    title: 'delivers an entry with its id, name, data, place and time',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const before = Date.now();
      const entry = bench.entry({ data: DATA });
      const [place] = await instance.store(queue, entry);
      const consumption = await instance.consume(queue);
      await consumption.done(1);
      const [delivery] = consumption.deliveries;
      assert.ok(delivery);
      assert.equal(delivery.id, entry.id);
      assert.equal(delivery.name, entry.name);
      assert.deepEqual(delivery.data, DATA);
      assert.equal(delivery.key, undefined);
      assert.equal(delivery.place, place);
      assert.equal(delivery.attempt, 1);
      // Half a minute, since the store may have a clock of its own.
      assert.ok(Math.abs(delivery.enqueuedAt.getTime() - before) < 30_000, 'enqueuedAt is far from now');
    },
  },
  {
    title: 'delivers data of 100 kB intact',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const data = { text: 'ä'.repeat(50_000), last: 'end' };
      await instance.store(queue, bench.entry({ data }));
      const consumption = await instance.consume(queue);
      await consumption.done(1);
      assert.deepEqual(consumption.deliveries[0]?.data, data);
    },
  },
  {
    title: 'delivers to a consumer that was there before the entry',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const consumption = await instance.consume(queue);
      const entry = bench.entry();
      await instance.store(queue, entry);
      await consumption.done(1);
      assert.deepEqual(consumption.ids, [entry.id]);
    },
  },
  {
    title: 'takes 2 500 entries in one call and delivers each once',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 50 }, instance);
      const entries = bench.entries(2500);
      await instance.store(queue, ...entries);
      const consumption = await instance.consume(queue);
      await consumption.done(2500);
      assert.deepEqual(consumption.ids.toSorted(), entries.map(({ id }) => id).toSorted());
    },
  },
  {
    title: 'takes many calls at once, each with a promise of its own',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 20, lanes: 2 }, instance);
      const entries = bench.entries(300).map((entry, index) => (index % 3 === 0 ? { ...entry, key: 'a' } : entry));
      const consumption = await instance.consume(queue);
      const results = await Promise.all(entries.map((entry) => instance.enqueue(queue, entry)));
      assert.deepEqual(new Set(results.map(([result]) => result?.status)), new Set(['stored']));
      assert.deepEqual(await instance.enqueue(queue), []);
      await consumption.done(300);
      assert.deepEqual(consumption.ids.toSorted(), entries.map(({ id }) => id).toSorted());
    },
  },
  {
    title: 'keeps queues apart, also where ids and keys are the same',
    async run(bench) {
      const instance = await bench.open();
      const [one, other] = [await bench.queue({ lanes: 1 }, instance), await bench.queue({ lanes: 1 }, instance)];
      const [entry, keyed] = [bench.entry(), bench.entry({ key: 'a' })];
      await instance.store(one, entry, keyed);
      const [place = ''] = await instance.store(other, entry, keyed);
      assert.equal(await instance.backend.cancel(place, entry.id), 'cancelled');
      const consumption = await instance.consume(one);
      await consumption.done(2);
      assert.equal((await instance.backend.counts(other.name)).waiting, 1);
      const beside = await instance.consume(other);
      await beside.done(1);
      assert.deepEqual(beside.ids, [keyed.id]);
    },
  },
  {
    title: 'answers about a queue that is new',
    async run(bench) {
      const { backend } = await bench.open();
      const name = `contract-${randomUUID()}`;
      const parked = { failed: 0, unreadable: 0, unhandled: 0, invalid: 0 };
      assert.deepEqual(await backend.counts(name), {
        waiting: 0,
        delayed: 0,
        active: 0,
        completed: 0,
        parked,
        isPaused: false,
        oldestWaitingMs: 0,
      });
      assert.deepEqual(await backend.parked(name, 'unhandled', 5), []);
      assert.deepEqual(await backend.schedules(name), []);
      assert.equal(await backend.unschedule(name, 'none'), false);
    },
  },
  {
    title: 'does not store an entry again whose id waits, runs or is completed',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const entry = bench.entry();
      await instance.store(queue, entry);
      await instance.enqueue(queue, entry);
      const gate = bench.gate();
      const consumption = await instance.consume(queue, async () => {
        await gate.opened;
        return COMPLETE;
      });
      await consumption.begun(1);
      await instance.enqueue(queue, entry);
      gate.open();
      await consumption.done(1);
      await bench.until('the entry to be completed', async () => {
        return (await instance.backend.counts(queue.name)).completed === 1;
      });
      await instance.enqueue(queue, entry);
      const last = bench.entry();
      await instance.store(queue, last);
      await consumption.done(2);
      assert.deepEqual(consumption.ids, [entry.id, last.id]);
    },
  },
  {
    title: 'does not store an entry again whose id is parked as failed',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const [parked, last] = bench.entries(2);
      assert.ok(parked && last);
      const consumption = await instance.consume(queue, ({ id }) =>
        id === parked.id ? { action: 'park', place: 'failed', error: FAILURE } : COMPLETE,
      );
      await instance.store(queue, parked);
      await bench.until('the entry to be parked', async () => {
        const counts = await backend.counts(queue.name);
        return counts.parked.failed === 1 && counts.active === 0;
      });
      await instance.enqueue(queue, parked);
      await instance.store(queue, last);
      await bench.until('the last one', () => consumption.ids.includes(last.id));
      assert.deepEqual(consumption.ids, [parked.id, last.id]);
    },
  },
  {
    title: 'takes ids, names and keys of any characters',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ lanes: 2 }, instance);
      const ids = ['with:colon', '42', '0', 'a/b?c=d%20e', 'Größe 世界 🦊', '{tag}', 'x'.repeat(200), ' spaced '];
      const entries = ids.map((id) => bench.entry({ id, name: `name of ${id}`, key: `key of ${id}` }));
      const places = await instance.store(queue, ...entries, bench.entry({ id: 'no key: 7' }));
      const consumption = await instance.consume(queue);
      await consumption.done(ids.length + 1);
      assert.deepEqual(consumption.ids.toSorted(), [...ids, 'no key: 7'].toSorted());
      for (const delivery of consumption.deliveries.filter(({ key }) => key !== undefined)) {
        assert.equal(delivery.name, `name of ${delivery.id}`);
        assert.equal(delivery.key, `key of ${delivery.id}`);
      }
      for (const [index, id] of ids.entries()) {
        const place = places[index] ?? '';
        await bench.until(`"${id}" to be completed`, async () => {
          return (await instance.backend.read(place, id)).state === 'completed';
        });
      }
    },
  },
];
