import assert from 'node:assert/strict';

import { LONG_MS, pass, type StoreBenchCase } from './bench.js';

/** Who runs a call. */
export const claimingCases: readonly StoreBenchCase[] = [
  {
    title: 'gives a free key to the first who asks, and tells all others that it runs',
    async run(bench) {
      assert.deepEqual(await bench.claim('first'), { status: 'claimed' });
      assert.deepEqual(await bench.claim('second', {}, bench.other), { status: 'running' });
      assert.deepEqual(await bench.claim('third', { isWaiting: true }), { status: 'running' });
    },
  },
  {
    title: 'gives a key again to the token that has it, as a repeated command would ask',
    async run(bench) {
      await bench.claim('first');
      assert.deepEqual(await bench.claim('first'), { status: 'claimed' });
      assert.deepEqual(await bench.claim('second'), { status: 'running' });
    },
  },
  {
    title: 'gives a key to one of a hundred who ask at once',
    async run(bench) {
      const claims = Array.from({ length: 100 }, (_, index) =>
        bench.claim(`token-${index}`, {}, index % 2 === 0 ? bench.store : bench.other),
      );
      const states = (await Promise.all(claims)).map(({ status }) => status);
      assert.equal(states.filter((status) => status === 'claimed').length, 1);
      assert.equal(states.filter((status) => status === 'running').length, 99);
    },
  },
  {
    title: 'tells keys apart that look alike, of any alphabet and of 4 000 characters',
    async run(bench) {
      const ends = [
        '',
        ' ',
        'é',
        'e\u0301',
        'É',
        '🦊',
        '鍵',
        ':',
        '\n',
        '"]',
        '{x}',
        '*',
        'x'.repeat(4000),
        'x'.repeat(4001),
      ];
      for (const [index, end] of ends.entries()) {
        const key = bench.key + end;
        assert.deepEqual(
          await bench.claim('first', { key }),
          { status: 'claimed' },
          `the key ending in ${end} is taken`,
        );
        assert.equal(await bench.store.complete(key, 'first', `outcome ${index}`, LONG_MS), true);
      }
      for (const [index, end] of ends.entries()) {
        const claimed = await bench.claim('second', { key: bench.key + end }, bench.other);
        assert.deepEqual(claimed, { status: 'completed', outcome: `outcome ${index}` });
      }
    },
  },
  {
    title: 'ends the wait for a change when the call is completed, when time is up, and when the wait is given up',
    async run(bench) {
      const { store, key } = bench;
      if (store.changed === undefined) return;
      await bench.claim('first');
      const giving = new AbortController();
      const ended: string[] = [];
      const note = (what: string) => () => void ended.push(what);
      const completed = store.changed(key, LONG_MS, new AbortController().signal).then(note('completed'));
      const givenUp = store.changed(key, LONG_MS, giving.signal).then(note('given up'));
      await store.changed(key, 1, new AbortController().signal);
      await pass(1);
      assert.deepEqual(ended, []);
      giving.abort();
      await givenUp;
      assert.deepEqual(ended, ['given up']);
      await store.complete(key, 'first', 'done', LONG_MS);
      await completed;
      await store.changed(key, LONG_MS, AbortSignal.abort());
    },
  },
];
