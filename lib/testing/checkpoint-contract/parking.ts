import assert from 'node:assert/strict';

import type { ParkedRecord } from '../../projections/checkpoints/checkpoint-store.port.js';
import { begun, ownership, parkedEvent, pass, type CheckpointBench, type CheckpointBenchCase } from './bench.js';

function positions({ other, projection }: CheckpointBench): Promise<number[]> {
  return positionsOf(other.parked({ projection, afterPosition: 0, limit: 100 }));
}

async function positionsOf(found: Promise<readonly ParkedRecord[]>): Promise<number[]> {
  return (await found).map(({ position }) => position);
}

/** Which events projections go on without. */
export const PARKING: readonly CheckpointBenchCase[] = [
  {
    title: 'keeps parked events by their positions, each once, and gives them page by page',
    async run(bench) {
      const { store, other, projection } = bench;
      const owner = await begun(bench);
      for (const position of [30, 4, 17]) await store.park(owner, parkedEvent(position));
      const again = parkedEvent(4, { error: 'no\0 room either', isStreamParked: true, stream: 'order-2' });
      await store.park(owner, again);
      assert.deepEqual(await positions(bench), [4, 17, 30]);
      const [first, ...rest] = await other.parked({ projection, afterPosition: 3, limit: 1 });
      const { parkedAt, error, ...facts } = first ?? assert.fail('it is not there');
      assert.ok(Math.abs(parkedAt.getTime() - Date.now()) < 3_600_000);
      assert.match(error, /^no.* room either$/);
      const { error: _error, stream: _stream, ...expected } = again;
      assert.deepEqual([facts, rest], [{ ...expected, projection, target: 'blue', stream: facts.stream }, []]);
      const next = await other.parked({ projection, afterPosition: 17, limit: 5, stream: 'order-1', target: 'blue' });
      assert.deepEqual(
        next.map(({ position }) => position),
        [30],
      );
      assert.deepEqual(await other.parked({ projection, afterPosition: 0, limit: 5, target: 'green' }), []);
    },
  },
  {
    title: 'parks, and takes out, with the transaction, and for the owner only',
    async run(bench) {
      const { store, transact } = bench;
      const owner = await begun(bench);
      const stranger = ownership(bench);
      const back = transact(async (transaction) => {
        await store.park(owner, parkedEvent(1), transaction);
        throw new Error('rolled back');
      });
      await assert.rejects(back, /rolled back/);
      assert.equal(await store.park(stranger, parkedEvent(2)), false);
      assert.deepEqual(await positions(bench), []);
      await store.park(owner, parkedEvent(3));
      assert.equal(await store.unpark(stranger, 3), false);
      assert.deepEqual(await positions(bench), [3]);
      assert.deepEqual([await store.unpark(owner, 3), await store.unpark(owner, 4)], [true, true]);
      assert.deepEqual(await positions(bench), []);
    },
  },
  {
    title: 'says what to try again: what was asked for, with the rest of a stream that is parked',
    async run(bench) {
      const { store, other, projection } = bench;
      const owner = await begun(bench);
      const key = { projection, target: 'blue' } as const;
      await store.park(owner, parkedEvent(1, { stream: 'order-1' }));
      await store.park(owner, parkedEvent(2, { stream: 'order-2', isStreamParked: true }));
      assert.deepEqual(await store.toRetry(key, 10), []);
      assert.equal(await other.requestRetry({ projection, stream: 'order-2' }), 1);
      await store.park(owner, parkedEvent(3, { stream: 'order-2', isStreamParked: true }));
      const due = (limit: number) => positionsOf(store.toRetry(key, limit));
      assert.deepEqual([await due(10), await due(1)], [[2, 3], [2]]);
      assert.deepEqual(await positionsOf(store.toRetry(key, 10, 2)), [3]);
      assert.deepEqual(await other.parkedStreams(key), ['order-2']);
      await store.park(owner, parkedEvent(2, { stream: 'order-2', isStreamParked: true }));
      assert.deepEqual(await due(10), []);
      assert.equal(await other.requestRetry({ projection }), 3);
      assert.equal(await other.requestRetry({ projection, target: 'green' }), 0);
      assert.deepEqual(await due(10), [1, 2, 3]);
    },
  },
  {
    title: 'forgets parked events, of a stream or all',
    async run(bench) {
      const { store, other, projection } = bench;
      const owner = await begun(bench);
      for (const position of [1, 2, 3]) await store.park(owner, parkedEvent(position, { stream: `order-${position}` }));
      assert.equal(await other.discardParked({ projection, stream: 'order-2' }), 1);
      assert.deepEqual(await positions(bench), [1, 3]);
      assert.equal(await other.discardParked({ projection, target: 'green' }), 0);
      assert.equal(await other.discardParked({ projection }), 2);
      assert.deepEqual(await positions(bench), []);
    },
  },
  {
    title: 'forgets as well what a transaction parks that has asked for parked streams, or fails its commit',
    async run(bench) {
      const { store, other, projection, transact } = bench;
      const owner = await begun(bench);
      await store.park(owner, parkedEvent(1, { isStreamParked: true }));
      await store.park(owner, parkedEvent(2, { isStreamParked: true }));
      let discarding: Promise<number> | undefined;
      const writing = transact(async (transaction) => {
        assert.equal(await store.save(owner, 3, transaction), true);
        assert.deepEqual(await store.parkedStreams(owner, transaction), ['order-1']);
        discarding = other.discardParked({ projection, stream: 'order-1' });
        await pass(50);
        await store.park(owner, parkedEvent(3, { isStreamParked: true }), transaction);
      });
      const isCommitted = await writing.then(
        () => true,
        () => false,
      );
      assert.equal(await discarding, isCommitted ? 3 : 2);
      assert.deepEqual([await positions(bench), await other.parkedStreams(owner)], [[], []]);
    },
  },
];
