import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { SequenceState, SequenceStore } from '../pipeline/sequence/sequence-store.port.js';

/** How a store of sequences is made. */
export interface SequenceContractSetup {
  /**
   * Makes a store that sees the same as all others it makes, where it says that it `isShared`. Called once or twice for each
   * case, all at the same place, side by side. Each store is closed at the end of its case.
   */
  readonly store: () => SequenceStore | Promise<SequenceStore>;
}

/** One expectation that every store of sequences meets. */
export interface SequenceContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

interface Bench {
  readonly store: SequenceStore;
  /** That of another process, where the store is shared; otherwise the same. */
  readonly other: SequenceStore;
  /** A stream nobody else uses. */
  readonly stream: string;
}

interface BenchCase {
  readonly title: string;
  run(bench: Bench): Promise<void>;
}

const CASES: readonly BenchCase[] = [
  {
    title: 'begins a stream with its first number, whatever number comes',
    async run({ store, other, stream }) {
      assert.deepEqual(await store.arrive(stream, 1, 1), { next: 1, heldFrom: undefined, gapMs: 0 });
      assert.equal((await store.arrive(`${stream}-early`, 7, 0)).next, 0);
      assert.equal((await other.arrive(stream, 1, 5)).next, 1);
    },
  },
  {
    title: 'goes on for one of those who say so, from the number that is expected only',
    async run({ store, other, stream }) {
      await store.arrive(stream, 1, 1);
      const advanced = await Promise.all([1, 2, 3, 4].map((n) => (n % 2 === 0 ? store : other).advance(stream, 1, 2)));
      assert.equal(advanced.filter(Boolean).length, 1);
      assert.equal(await store.advance(stream, 1, 5), false);
      assert.equal((await other.arrive(stream, 2, 1)).next, 2);
    },
  },
  {
    title: 'does not go on with a stream it does not know',
    async run({ store, stream }) {
      assert.equal(await store.advance(stream, 1, 2), false);
      assert.equal((await store.arrive(stream, 1, 1)).next, 1);
    },
  },
  {
    title: 'knows the smallest number that waits, and since when one is missing, until the stream goes on',
    async run({ store, other, stream }) {
      await store.arrive(stream, 1, 1);
      const first = await store.arrive(stream, 5, 1);
      assert.equal(first.heldFrom, 5);
      await pass(20);
      const later = [
        await other.arrive(stream, 3, 1),
        await store.arrive(stream, 4, 1),
        await store.arrive(stream, 1, 1),
      ];
      for (const state of later) assertGap(state, 3);
      assert.equal(await other.advance(stream, 1, 2), true);
      assert.deepEqual(await store.arrive(stream, 2, 1), { next: 2, heldFrom: undefined, gapMs: 0 });
      const again = await store.arrive(stream, 5, 1);
      assert.deepEqual([again.next, again.heldFrom, again.gapMs < 10_000], [2, 5, true]);
    },
  },
  {
    title: 'keeps streams apart that look alike, of any alphabet and of 4 000 characters, and numbers of any size',
    async run({ store, other, stream }) {
      const ends = ['', ' ', 'é', 'e\u0301', '🦊', '\n', '\u0000', '"]', 'x'.repeat(4000), 'x'.repeat(4001)];
      for (const [index, end] of ends.entries()) await store.arrive(stream + end, 0, Number.MAX_SAFE_INTEGER - index);
      for (const [index, end] of ends.entries()) {
        assert.equal((await other.arrive(stream + end, 0, 1)).next, Number.MAX_SAFE_INTEGER - index);
      }
      await store.arrive(`${stream}-below`, -4, -5);
      assert.deepEqual(await store.advance(`${stream}-below`, -5, -4), true);
    },
  },
];

/**
 * What every `SequenceStore` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * for (const { title, run } of sequenceStoreContract({ store: () => memorySequence() })) it(title, run);
 */
export function sequenceStoreContract(setup: SequenceContractSetup): readonly SequenceContractCase[] {
  return CASES.map((benchCase) => ({ title: benchCase.title, run: () => runCase(benchCase, setup) }));
}

async function runCase(benchCase: BenchCase, { store: make }: SequenceContractSetup): Promise<void> {
  const store = await make();
  const other = store.isShared ? await make() : store;
  try {
    await benchCase.run({ store, other, stream: `contract-${randomUUID()}` });
  } finally {
    await Promise.all([...new Set([store, other])].map((each) => each.close?.()));
  }
}

function assertGap({ heldFrom, gapMs }: SequenceState, from: number): void {
  assert.equal(heldFrom, from);
  assert.ok(gapMs >= 15 && gapMs < 60_000, `a gap of ${gapMs} ms`);
}

/** Waits this long, where time itself is what a case is about. */
function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
