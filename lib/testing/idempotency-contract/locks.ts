import assert from 'node:assert/strict';

import { LONG_MS, pass, SHORT_MS, type StoreBench, type StoreBenchCase } from './bench.js';

/** Has the lock of the first run out and the second take the call over. */
async function takeOver(bench: StoreBench): Promise<void> {
  await bench.claim('first', { lockMs: SHORT_MS });
  const isTaken = async () => (await bench.claim('second', {}, bench.other)).status === 'claimed';
  await bench.until('the lock to run out', isTaken);
}

/** How long a lock holds, and what one who lost it can still do: nothing. */
export const lockCases: readonly StoreBenchCase[] = [
  {
    title: 'gives the key of a silent holder to another one when the lock has run out, to those who waited too',
    async run(bench) {
      await bench.claim('first', { lockMs: SHORT_MS });
      const isTaken = async () => (await bench.claim('second', { isWaiting: true }, bench.other)).status === 'claimed';
      await bench.until('the lock to run out', isTaken);
    },
  },
  {
    title: 'holds a lock as long as it is renewed',
    async run(bench) {
      await bench.claim('first', { lockMs: 2000 });
      assert.equal(await bench.store.renew(bench.key, 'first', LONG_MS), true);
      await pass(2050);
      assert.deepEqual(await bench.claim('second', {}, bench.other), { status: 'running' });
    },
  },
  {
    title: 'lets one who lost the lock neither renew, nor complete, nor release',
    async run(bench) {
      await takeOver(bench);
      assert.equal(await bench.store.renew(bench.key, 'first', LONG_MS), false);
      assert.equal(await bench.store.complete(bench.key, 'first', 'stale', LONG_MS), false);
      await bench.store.release(bench.key, 'first');
      await bench.store.release(bench.key, 'first', { outcome: 'stale', keepMs: LONG_MS });
      assert.deepEqual(await bench.claim('third', { isWaiting: true }), { status: 'running' });
      assert.equal(await bench.other.complete(bench.key, 'second', 'new', LONG_MS), true);
      assert.equal(await bench.store.complete(bench.key, 'first', 'stale', LONG_MS), false);
      assert.equal(await bench.store.renew(bench.key, 'first', LONG_MS), false);
      assert.deepEqual(await bench.claim('third'), { status: 'completed', outcome: 'new' });
    },
  },
  {
    title: 'lets one whose lock ran out complete the call where nobody else has taken it',
    async run(bench) {
      await bench.claim('first', { lockMs: SHORT_MS });
      await pass(SHORT_MS * 2);
      assert.equal(await bench.store.complete(bench.key, 'first', 'done', LONG_MS), true);
      assert.deepEqual(await bench.claim('second', {}, bench.other), { status: 'completed', outcome: 'done' });
    },
  },
  {
    title: 'lets one whose lock ran out renew it where nobody else has taken the call',
    async run(bench) {
      await bench.claim('first', { lockMs: SHORT_MS });
      await pass(SHORT_MS * 2);
      assert.equal(await bench.store.renew(bench.key, 'first', LONG_MS), true);
      assert.deepEqual(await bench.claim('second', {}, bench.other), { status: 'running' });
    },
  },
];
