import assert from 'node:assert/strict';

import { LONG_MS, SHORT_MS, type StoreBenchCase } from './bench.js';

const LARGE = 'Größe 🦊 '.repeat(100_000);

/** How a call ends, and who is told. */
export const endingCases: readonly StoreBenchCase[] = [
  {
    title: 'gives the outcome of a completed call to all who ask, and keeps the first',
    async run(bench) {
      await bench.claim('first');
      assert.equal(await bench.store.complete(bench.key, 'first', '{"result":1}', LONG_MS), true);
      const completed = { status: 'completed', outcome: '{"result":1}' };
      assert.deepEqual(await bench.claim('second', {}, bench.other), completed);
      assert.deepEqual(await bench.claim('third', { isWaiting: true }), completed);
      assert.equal(await bench.other.complete(bench.key, 'second', '{"result":2}', LONG_MS), false);
      await bench.other.release(bench.key, 'second', { outcome: 'late', keepMs: LONG_MS });
      assert.deepEqual(await bench.claim('first'), completed);
    },
  },
  {
    title: 'takes the same completion twice, and does not lock a completed call again',
    async run(bench) {
      await bench.claim('first');
      assert.equal(await bench.store.complete(bench.key, 'first', 'done', LONG_MS), true);
      assert.equal(await bench.store.complete(bench.key, 'first', 'done', LONG_MS), true);
      assert.equal(await bench.store.renew(bench.key, 'first', LONG_MS), false);
      assert.deepEqual(await bench.claim('second'), { status: 'completed', outcome: 'done' });
    },
  },
  {
    title: 'keeps an outcome of more than a megabyte as it is, and an empty one',
    async run(bench) {
      const outcomes = [LARGE, ''];
      for (const [index, outcome] of outcomes.entries()) {
        const key = `${bench.key}-${index}`;
        await bench.claim('first', { key });
        await bench.store.complete(key, 'first', outcome, LONG_MS);
        assert.deepEqual(await bench.claim('second', { key }, bench.other), { status: 'completed', outcome });
      }
    },
  },
  {
    title: 'forgets an outcome when its time is over',
    async run(bench) {
      await bench.claim('first');
      await bench.store.complete(bench.key, 'first', 'done', SHORT_MS);
      await bench.until('the key to be free', async () => (await bench.claim('second')).status === 'claimed');
    },
  },
  {
    title: 'frees the key of a failed call, and tells the failure only to those who waited',
    async run(bench) {
      await bench.claim('first');
      await bench.store.release(bench.key, 'first', { outcome: 'failed', keepMs: LONG_MS });
      const failed = { status: 'failed', outcome: 'failed' };
      assert.deepEqual(await bench.claim('second', { isWaiting: true }, bench.other), failed);
      assert.deepEqual(await bench.claim('third', {}, bench.other), { status: 'claimed' });
      assert.deepEqual(await bench.claim('fourth', { isWaiting: true }), { status: 'running' });
      assert.equal(await bench.other.complete(bench.key, 'third', 'done', LONG_MS), true);
      assert.deepEqual(await bench.claim('fourth', { isWaiting: true }), { status: 'completed', outcome: 'done' });
    },
  },
  {
    title: 'tells a failure no longer than it is to be kept',
    async run(bench) {
      await bench.claim('first');
      await bench.store.release(bench.key, 'first', { outcome: 'failed', keepMs: SHORT_MS });
      const isFree = async () => (await bench.claim('second', { isWaiting: true })).status === 'claimed';
      await bench.until('the failure to be forgotten', isFree);
    },
  },
  {
    title: 'frees the key of a call that ends without an outcome, for those who waited too',
    async run(bench) {
      await bench.claim('first');
      await bench.store.release(bench.key, 'first');
      assert.deepEqual(await bench.claim('second', { isWaiting: true }, bench.other), { status: 'claimed' });
    },
  },
];
