import assert from 'node:assert/strict';

import type {
  Delivery,
  EntryOutcome,
  EntrySnapshot,
  JsonValue,
  Settlement,
} from '../../run-modes/queue/queue-backend.port.js';
import { COMPLETE, FAILURE, type BenchCase } from './bench.js';

/** Who learns how an entry ended. */
export const replyingCases: readonly BenchCase[] = [
  {
    title: 'tells the sender the result, also null and none, and the error of a parked entry',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 4 }, instance);
      const [completed, parked, empty, nothing] = bench.entries(4, { replyTo: instance.instanceId });
      assert.ok(completed && parked && empty && nothing);
      await instance.consume(queue, ({ id }): Settlement => {
        if (id === parked.id) return { action: 'park', place: 'invalid', error: FAILURE };
        if (id === nothing.id) return { action: 'complete', result: undefined };
        return { action: 'complete', result: id === empty.id ? null : { id, text: 'Größe 🦊' } };
      });
      const [place = ''] = await instance.store(queue, completed, parked, empty, nothing);
      const result = { id: completed.id, text: 'Größe 🦊' };
      assert.deepEqual(await instance.replyTo(completed), { status: 'completed', result });
      assert.deepEqual(await instance.replyTo(parked), { status: 'failed', error: FAILURE });
      assert.deepEqual(await instance.replyTo(empty), { status: 'completed', result: null });
      assert.equal(resultOf(await instance.replyTo(nothing)), undefined);
      for (const { id } of [completed, empty, nothing]) {
        const { outcome } = await instance.backend.read(place, id);
        assert.deepEqual(resultOf(outcome), resultOf(instance.replies.get(id)));
      }
    },
  },
  {
    title: 'tells the sender only of the last attempt',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({}, instance);
      const entry = bench.entry({ replyTo: instance.instanceId });
      await instance.store(queue, entry);
      await instance.consume(queue, ({ attempt }): Settlement => {
        assert.equal(instance.replies.size, 0);
        return attempt < 3
          ? { action: 'retry', delayMs: 0, error: FAILURE }
          : { action: 'complete', result: `attempt ${attempt}` };
      });
      assert.deepEqual(await instance.replyTo(entry), { status: 'completed', result: 'attempt 3' });
    },
  },
  {
    title: 'has stored the end of an entry by the time the sender is told',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 10, lanes: 2 }, instance);
      const replyTo = instance.instanceId;
      const entries = [...bench.entries(30, { replyTo }), ...bench.entries(5, { replyTo, key: 'a' })];
      const places = await instance.store(queue, ...entries);
      const placeOf = new Map(entries.map(({ id }, index) => [id, places[index] ?? '']));
      const reads: Promise<EntrySnapshot>[] = [];
      instance.onReply = (id) => reads.push(instance.backend.read(placeOf.get(id) ?? '', id));
      await instance.consume(queue, ({ data }) =>
        JSON.stringify(data).includes('7')
          ? { action: 'park', place: 'failed', error: FAILURE }
          : { action: 'complete', result: 1 },
      );
      await bench.until('all replies', () => reads.length >= entries.length);
      const states = new Set((await Promise.all(reads)).map(({ state }) => state));
      assert.deepEqual(states, new Set(['completed', 'failed']));
    },
  },
  {
    title: 'says with each reply where the entry is, so that those of one id in two queues are told apart',
    async run(bench) {
      const instance = await bench.open();
      const { backend, instanceId: replyTo } = instance;
      const queues = [await bench.queue({ lanes: 2 }, instance), await bench.queue({}, instance)];
      const told: string[] = [];
      instance.onReply = (_id, place) => told.push(String(place));
      const [plain, keyed, cancelled] = bench.entries(3, { replyTo });
      assert.ok(plain && keyed && cancelled);
      const stored: string[] = [];
      for (const queue of queues) {
        stored.push(...(await instance.store(queue, plain, { ...keyed, key: 'a' })));
        const [place = ''] = await instance.store(queue, { ...cancelled, delayMs: 60_000 });
        assert.equal(await backend.cancel(place, cancelled.id), 'cancelled');
        stored.push(place);
        await instance.consume(queue, ({ key }): Settlement => {
          return key === undefined ? COMPLETE : { action: 'park', place: 'invalid', error: FAILURE };
        });
      }
      await bench.until('all replies', () => told.length >= stored.length);
      assert.deepEqual(told.toSorted(), stored.toSorted());
    },
  },
  {
    title: 'tells nobody where nobody is named, and goes on where the one named is gone',
    async run(bench) {
      const instance = await bench.open();
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const last = bench.entry({ replyTo: instance.instanceId });
      await instance.store(queue, bench.entry(), bench.entry({ replyTo: 'gone-for-ever' }), last);
      const consumption = await instance.consume(queue);
      await instance.replyTo(last);
      assert.equal(consumption.deliveries.length, 3);
      assert.deepEqual([...instance.replies.keys()], [last.id]);
    },
  },
  {
    title: 'tells each instance of exactly its own entries, whichever instance handles them',
    needs: ['shared'],
    async run(bench) {
      const [one, other, worker] = [await bench.open(), await bench.open(), await bench.open()];
      const queue = await bench.queue({ concurrency: 5 }, one, other, worker);
      await one.consume(queue, echo);
      await worker.consume(queue, echo);
      const senders = [one, other];
      const sent = senders.map((sender) => bench.entries(30, { replyTo: sender.instanceId }));
      await Promise.all(senders.map((sender, index) => sender.store(queue, ...(sent[index] ?? []))));
      for (const [index, sender] of senders.entries()) {
        const entries = sent[index] ?? [];
        await bench.until('all replies', () => sender.replies.size >= entries.length);
        const expected = entries.map(({ id }): [string, EntryOutcome] => [id, { status: 'completed', result: id }]);
        assert.deepEqual(new Map([...sender.replies].toSorted(byId)), new Map(expected.toSorted(byId)));
      }
      assert.equal(worker.replies.size, 0);
    },
  },
];

/** A result that is none may be left out, as JSON does. */
function resultOf(outcome: EntryOutcome | undefined): JsonValue | undefined {
  assert.equal(outcome?.status, 'completed');
  return outcome?.status === 'completed' ? outcome.result : undefined;
}

function echo({ id }: Delivery): Settlement {
  return { action: 'complete', result: id };
}

function byId([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** What is removed, and what is asked to stop. */
export const cancellingCases: readonly BenchCase[] = [
  {
    title: 'removes an entry that waits or is delayed, and tells its sender',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ lanes: 1 }, instance);
      const replyTo = instance.instanceId;
      const cancelled = [{}, { delayMs: 60_000 }, { key: 'a' }].map((given) => bench.entry({ replyTo, ...given }));
      const places = await instance.store(queue, ...cancelled);
      for (const [index, entry] of cancelled.entries()) {
        const place = places[index] ?? '';
        assert.equal(await backend.cancel(place, entry.id), 'cancelled');
        assert.equal((await backend.read(place, entry.id)).state, 'unknown');
        const outcome = await instance.replyTo(entry);
        assert.equal(outcome.status, 'failed');
        assert.equal(outcome.status === 'failed' && outcome.error.code, 'DISPATCH_CANCELLED');
      }
      const rest = [bench.entry(), bench.entry({ key: 'a' })];
      await instance.store(queue, ...rest);
      const consumption = await instance.consume(queue);
      await consumption.done(2);
      assert.deepEqual(consumption.ids.toSorted(), rest.map(({ id }) => id).toSorted());
    },
  },
  {
    title: 'aborts an entry that runs, in whichever instance, also where it listens later',
    async run(bench) {
      const instance = await bench.open();
      const canceller = await bench.other(instance);
      const queue = await bench.queue({ concurrency: 2 }, instance, canceller);
      const [early, late, next] = bench.entries(3, { replyTo: instance.instanceId });
      assert.ok(early && late && next);
      const gate = bench.gate();
      const reasons: Error[] = [];
      const consumption = await instance.consume(queue, async (delivery): Promise<Settlement> => {
        if (delivery.id === next.id) return COMPLETE;
        if (delivery.id === late.id) await gate.opened;
        reasons.push(await new Promise<Error>((resolve) => delivery.onAbort(resolve)));
        return { action: 'park', place: 'failed', error: FAILURE };
      });
      const [place = ''] = await instance.store(queue, early, late);
      await consumption.begun(2);
      assert.equal(await canceller.backend.cancel(place, early.id), 'requested');
      assert.equal(await canceller.backend.cancel(place, late.id), 'requested');
      await bench.until('the first to abort', () => reasons.length === 1);
      gate.open();
      await consumption.done(2);
      for (const reason of reasons) assert.equal('code' in reason && reason.code, 'DISPATCH_CANCELLED');
      assert.deepEqual(await instance.replyTo(late), { status: 'failed', error: FAILURE });
      await instance.store(queue, next);
      await consumption.done(3);
      assert.equal(consumption.ids[2], next.id);
    },
  },
  {
    title: 'does not cancel what is finished or never was',
    async run(bench) {
      const instance = await bench.open();
      const { backend } = instance;
      const queue = await bench.queue({ concurrency: 1 }, instance);
      const [completed, parked] = bench.entries(2);
      assert.ok(completed && parked);
      const [place = ''] = await instance.store(queue, completed, parked);
      await instance.consume(queue, ({ id }) =>
        id === parked.id ? { action: 'park', place: 'failed', error: FAILURE } : COMPLETE,
      );
      await bench.until('both to end', async () => (await backend.counts(queue.name)).parked.failed === 1);
      assert.equal(await backend.cancel(place, completed.id), 'finished');
      assert.equal(await backend.cancel(place, parked.id), 'finished');
      assert.equal(await backend.cancel(place, 'never there'), 'unknown');
      assert.equal((await backend.read(place, completed.id)).state, 'completed');
    },
  },
];
