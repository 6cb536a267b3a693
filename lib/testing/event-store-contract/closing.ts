import assert from 'node:assert/strict';

import { assertRejects, type EventStoreBenchCase } from './bench.js';

const FROM_THE_FIRST = { from: 1, to: Infinity, direction: 'forwards', limit: 10 } as const;

/** What becomes of streams that are archived or deleted. */
export const closingCases: readonly EventStoreBenchCase[] = [
  {
    title: 'lets an archived stream be read, also among all events, and appends nothing to it',
    async run(bench) {
      await bench.append(2, 'none');
      assert.equal(await bench.store.archive(bench.stream), true);
      assert.equal(await bench.other.archive(bench.stream), true);
      for (const expected of ['any', 2, 'none'] as const) {
        await assertRejects(bench.append(1, expected), { code: 'DISPATCH_STREAM_ARCHIVED', stream: bench.stream });
      }
      assert.deepEqual(await bench.streamVersions(), [1, 2]);
      assert.equal((await bench.allEvents()).length, 2);
      assert.deepEqual(await bench.other.streamFacts(bench.stream), { version: 2, isArchived: true, isDeleted: false });
    },
  },
  {
    title: 'leaves archived streams out where it is asked to',
    async run(bench) {
      await bench.append(['a'], 'none', bench.streamOf('a'));
      await bench.append(['b'], 'none', bench.streamOf('b'));
      await bench.store.archive(bench.streamOf('a'));
      const names = async (archived: 'include' | 'exclude'): Promise<string[]> =>
        (await bench.allEvents({ archived })).map(({ name }) => name);
      assert.deepEqual(await names('exclude'), ['b']);
      assert.deepEqual(await names('include'), ['a', 'b']);
    },
  },
  {
    title: 'removes a deleted stream for ever, and its events from among all events',
    async run(bench) {
      await bench.append(2, 'none');
      await bench.append(1, 'none', bench.streamOf('2'));
      assert.equal(await bench.store.delete(bench.stream), true);
      assert.equal(await bench.other.delete(bench.stream), true);
      const deleted = { code: 'DISPATCH_STREAM_DELETED', stream: bench.stream };
      await assertRejects(bench.other.readStreamPage(bench.stream, FROM_THE_FIRST), deleted);
      for (const expected of ['any', 'none', 2] as const) await assertRejects(bench.append(1, expected), deleted);
      await assertRejects(bench.append(0, 'any'), deleted);
      await assertRejects(bench.store.archive(bench.stream), deleted);
      assert.deepEqual(
        (await bench.allEvents()).map(({ stream }) => stream),
        [bench.streamOf('2')],
      );
      assert.deepEqual(await bench.other.streamFacts(bench.stream), { version: 2, isArchived: false, isDeleted: true });
      assert.equal((await bench.append(1, 1, bench.streamOf('2'))).version, 2);
    },
  },
  {
    title: 'deletes an archived stream, and says where there is none to archive or delete',
    async run(bench) {
      assert.equal(await bench.store.archive(bench.stream), false);
      assert.equal(await bench.store.delete(bench.stream), false);
      await bench.append(1, 'none');
      await bench.store.archive(bench.stream);
      assert.equal(await bench.store.delete(bench.stream), true);
      assert.deepEqual(await bench.allEvents(), []);
    },
  },
  {
    title: 'reads on behind the gap that a deleted stream leaves',
    async run(bench) {
      for (const id of ['a', 'b', 'c']) await bench.append(2, 'none', bench.streamOf(id));
      const before = await bench.allEvents();
      await bench.store.delete(bench.streamOf('b'));
      const kept = before.filter(({ stream }) => stream !== bench.streamOf('b'));
      assert.deepEqual(await bench.allEvents({ pageSize: 1 }), kept);
      assert.deepEqual(await bench.allEvents({ afterPosition: before[2]?.position ?? 0 }), kept.slice(2));
    },
  },
];
