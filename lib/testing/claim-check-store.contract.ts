import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { ClaimCheckStore } from '../run-modes/claim-check/claim-check-store.port.js';

/** How a store of payloads is made. */
export interface ClaimCheckContractSetup {
  /**
   * Makes a store that sees the same as all others it makes, where it says that it `isShared`. Called once or twice for each
   * case, all at the same place: nothing else may use it meanwhile. Each store is closed at the end of its case.
   */
  readonly store: () => ClaimCheckStore | Promise<ClaimCheckStore>;
  /** How long a case waits for what must come, in milliseconds. Default 20 000. */
  readonly patienceMs?: number;
}

/** One expectation that every store of payloads meets. */
export interface ClaimCheckContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

interface Bench {
  readonly store: ClaimCheckStore;
  /** That of another process, where the store is shared; otherwise the same. */
  readonly other: ClaimCheckStore;
  readonly id: string;
  readonly until: (what: string, isTrue: () => Promise<boolean>) => Promise<void>;
}

interface BenchCase {
  readonly title: string;
  run(bench: Bench): Promise<void>;
}

/** Longer than any case takes, in milliseconds. */
const LONG_MS = 60_000;
/** So short that it is soon over, in milliseconds. */
const SHORT_MS = 20;
const LARGE = JSON.stringify('Größe 🦊 \u0000 '.repeat(100_000));

const CASES: readonly BenchCase[] = [
  {
    title: 'gives a payload as it was put, to all who ask, as often as they do',
    async run({ store, other, id }) {
      for (const [index, payload] of ['{"a":1}', '""', '"\\u0000 \\ud800"', LARGE].entries()) {
        await store.put(`${id}-${index}`, payload, LONG_MS);
        assert.equal(await other.get(`${id}-${index}`), payload);
        assert.equal(await store.get(`${id}-${index}`), payload);
      }
    },
  },
  {
    title: 'gives nothing for an id it does not have',
    async run({ store, id }) {
      await store.put(id, '1', LONG_MS);
      assert.equal(await store.get(`${id}-other`), undefined);
    },
  },
  {
    title: 'takes the same payload twice, as a repeated command would bring it',
    async run({ store, other, id }) {
      await Promise.all([store.put(id, '1', LONG_MS), other.put(id, '1', LONG_MS)]);
      await store.put(id, '1', LONG_MS);
      assert.equal(await other.get(id), '1');
    },
  },
  {
    title: 'keeps many that come at once apart',
    async run({ store, other, id }) {
      const ids = Array.from({ length: 50 }, (_, index) => `${id}-${index}`);
      await Promise.all(ids.map((each, index) => (index % 2 === 0 ? store : other).put(each, `"${each}"`, LONG_MS)));
      assert.deepEqual(
        await Promise.all(ids.map((each) => store.get(each))),
        ids.map((each) => `"${each}"`),
      );
    },
  },
  {
    title: 'forgets what is removed and nothing else, also where it is removed again',
    async run({ store, other, id }) {
      await store.put(id, '1', LONG_MS);
      await store.put(`${id}-kept`, '2', LONG_MS);
      await other.remove(id);
      assert.equal(await store.get(id), undefined);
      await store.remove(id);
      assert.equal(await other.get(`${id}-kept`), '2');
    },
  },
  {
    title: 'gives nothing any more when the time of a payload is over, before it is swept',
    async run({ store, other, id, until }) {
      await store.put(id, '1', SHORT_MS);
      await until('the payload to be over', async () => (await other.get(id)) === undefined);
    },
  },
  {
    title: 'sweeps what is over, no more than it is told at once, and nothing else',
    async run({ store, other, id, until }) {
      await store.put(`${id}-kept`, '1', LONG_MS);
      for (const index of [1, 2, 3]) await store.put(`${id}-${index}`, '1', SHORT_MS);
      await until('all to be over', async () => (await store.get(`${id}-3`)) === undefined);
      // What other cases have left may be over too.
      let swept = 0;
      for (let count = 2; count === 2; swept += count) {
        count = await store.sweep(2);
        assert.ok(count <= 2, `swept ${count} of 2`);
      }
      assert.ok(swept >= 3, `swept ${swept} of at least 3`);
      assert.equal(await other.sweep(2), 0);
      assert.equal(await other.get(`${id}-kept`), '1');
    },
  },
];

/**
 * What every `ClaimCheckStore` must do, as cases for any test runner, to be run one after the other.
 *
 * @example
 * for (const { title, run } of claimCheckStoreContract({ store: () => memoryClaimCheck() })) it(title, run);
 */
export function claimCheckStoreContract(setup: ClaimCheckContractSetup): readonly ClaimCheckContractCase[] {
  return CASES.map((benchCase) => ({ title: benchCase.title, run: () => runCase(benchCase, setup) }));
}

async function runCase(benchCase: BenchCase, { store: make, patienceMs = 20_000 }: ClaimCheckContractSetup) {
  const store = await make();
  const other = store.isShared ? await make() : store;
  try {
    const until: Bench['until'] = (what, isTrue) => untilTrue(what, isTrue, patienceMs);
    await benchCase.run({ store, other, id: `contract-${randomUUID()}`, until });
  } finally {
    await Promise.all([...new Set([store, other])].map((each) => each.close?.()));
  }
}

async function untilTrue(what: string, isTrue: () => Promise<boolean>, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) assert.fail(`Waited ${patienceMs} ms in vain for ${what}.`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
