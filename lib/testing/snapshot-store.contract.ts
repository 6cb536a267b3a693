import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { Snapshot, SnapshotStore } from '../event-store/snapshots/snapshot-store.port.js';

/** What the contract suite of snapshot stores is run on. */
export interface SnapshotContractSetup {
  /**
   * Makes a store. All stores of one case work on the same snapshots where they are `isShared`. The streams of a case are its own, so
   * snapshots may be left behind. Each store is opened, and closed at the end of its case.
   */
  readonly store: () => SnapshotStore | Promise<SnapshotStore>;
}

/** One expectation that every snapshot store meets. */
export interface SnapshotContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

/** What a case works with: two stores that see the same, and a stream nobody else uses. */
interface Bench {
  readonly store: SnapshotStore;
  /** That of another process, where the store is shared; otherwise the same. */
  readonly other: SnapshotStore;
  readonly stream: string;
}

const CASES: readonly { readonly title: string; run(bench: Bench): Promise<void> }[] = [
  {
    title: 'knows nothing of a stream without a snapshot, and removes none',
    async run({ store, stream }) {
      assert.equal(await store.load(stream), undefined);
      await store.remove(stream);
      assert.equal(await store.load(stream), undefined);
    },
  },
  {
    title: 'gives back a snapshot as it was saved, of a megabyte and of any alphabet',
    async run({ store, other, stream }) {
      for (const state of [
        '{}',
        ' {"a" : 1.0, "a": 2} ',
        '"\\u0000 Größe 🦊"',
        JSON.stringify('鍵🦊'.repeat(150_000)),
      ]) {
        const snapshot = { ...snapshotOf(`${stream} é🦊'`, 7), schemaVersion: 3, state };
        await store.save(snapshot);
        assert.deepEqual({ ...(await other.load(snapshot.stream)) }, snapshot);
      }
    },
  },
  {
    title: 'keeps the snapshot with the highest version, and of one version the last',
    async run({ store, other, stream }) {
      await store.save(snapshotOf(stream, 5));
      await other.save(snapshotOf(stream, 4));
      assert.equal((await store.load(stream))?.version, 5);
      await store.save(snapshotOf(stream, 6));
      await other.save({ ...snapshotOf(stream, 6), schemaVersion: 2, state: '{"new":true}' });
      assert.deepEqual(
        { ...(await store.load(stream)) },
        { stream, version: 6, schemaVersion: 2, state: '{"new":true}' },
      );
    },
  },
  {
    title: 'keeps the highest version of many that are saved at once',
    async run({ store, other, stream }) {
      const versions = [3, 9, 1, 12, 5, 7, 2, 11, 4, 10, 6, 8];
      await Promise.all(
        versions.map((version, index) => (index % 2 === 0 ? store : other).save(snapshotOf(stream, version))),
      );
      assert.equal((await store.load(stream))?.version, 12);
    },
  },
  {
    title: 'removes the snapshot of one stream, and takes an older one then',
    async run({ store, other, stream }) {
      const sister = `${stream}2`;
      await store.save(snapshotOf(stream, 5));
      await store.save(snapshotOf(sister, 5));
      await other.remove(stream);
      assert.deepEqual([await store.load(stream), (await store.load(sister))?.version], [undefined, 5]);
      await store.save(snapshotOf(stream, 2));
      assert.equal((await other.load(stream))?.version, 2);
    },
  },
];

/**
 * What every `SnapshotStore` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * for (const { title, run } of snapshotStoreContract({ store: () => inMemorySnapshots() })) it(title, run);
 */
export function snapshotStoreContract({ store: make }: SnapshotContractSetup): readonly SnapshotContractCase[] {
  return CASES.map((benchCase) => ({
    title: benchCase.title,
    async run() {
      const store = await make();
      const other = store.isShared ? await make() : store;
      const stores = [...new Set([store, other])];
      try {
        for (const one of stores) await one.open?.();
        await benchCase.run({ store, other, stream: `contract-${randomUUID()}` });
      } finally {
        await Promise.all(stores.map((one) => one.close?.()));
      }
    },
  }));
}

function snapshotOf(stream: string, version: number): Snapshot {
  return { stream, version, schemaVersion: 1, state: `{"version":${version}}` };
}
