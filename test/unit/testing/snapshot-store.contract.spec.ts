import { describe, expect, it } from '@jest/globals';

import { inMemorySnapshots, type Snapshot, type SnapshotStore } from '../../../lib/index.js';
import { snapshotStoreContract } from '../../../lib/testing/index.js';

type Fault = (sound: SnapshotStore) => Partial<SnapshotStore>;

/** A fault, and a case that finds it. */
const FAULTS: readonly (readonly [string, Fault, string])[] = [
  [
    'makes up what it does not have',
    () => ({ load: async (stream) => ({ stream, version: 1, schemaVersion: 1, state: '{}' }) }),
    'knows nothing of a stream',
  ],
  [
    'writes JSON anew',
    (sound) => ({ save: (one) => sound.save({ ...one, state: JSON.stringify(JSON.parse(one.state)) }) }),
    'gives back a snapshot as it was saved',
  ],
  [
    'keeps the last whatever its version',
    (sound) => ({
      async save(snapshot) {
        await sound.remove(snapshot.stream);
        await sound.save(snapshot);
      },
    }),
    'keeps the snapshot with the highest version',
  ],
  [
    'looks before it saves',
    () => {
      const kept = new Map<string, Snapshot>();
      return {
        load: async (stream) => kept.get(stream),
        async save(snapshot) {
          const known = kept.get(snapshot.stream);
          await Promise.resolve();
          if (known === undefined || known.version <= snapshot.version) kept.set(snapshot.stream, snapshot);
        },
      };
    },
    'keeps the highest version of many',
  ],
  ['removes nothing', () => ({ remove: async () => undefined }), 'removes the snapshot of one stream'],
];

function faultyStore(fault: Fault): SnapshotStore {
  const sound = inMemorySnapshots();
  const base: SnapshotStore = {
    isShared: false,
    load: (stream) => sound.load(stream),
    save: (snapshot) => sound.save(snapshot),
    remove: (stream) => sound.remove(stream),
  };
  return { ...base, ...fault(sound) };
}

describe('the contract of snapshot stores', () => {
  it.each(FAULTS)('finds a store that %s', async (_fault, fault, title) => {
    const cases = snapshotStoreContract({ store: () => faultyStore(fault) });
    const found = cases.filter((one) => one.title.startsWith(title));
    expect(found).toHaveLength(1);
    await expect(found[0]?.run()).rejects.toMatchObject({ name: 'AssertionError' });
  });

  it('has a fault for each of its cases', () => {
    const titles = snapshotStoreContract({ store: () => inMemorySnapshots() }).map(({ title }) => title);
    for (const title of titles) expect(FAULTS.some(([, , start]) => title.startsWith(start))).toBe(true);
  });
});
