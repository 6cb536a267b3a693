import assert from 'node:assert/strict';

import type { ExpectedVersion, NewEvent } from '../../event-store/event-store.port.js';
import { assertRejects, newEvent, range, type EventStoreBenchCase } from './bench.js';

/** What looks alike, and is not. */
const IDS = ['a', 'A', 'á', 'a\u0301', '🦊', '鍵', ' ', '-', 'a-b', '%', '_', "'", '"', '\\', '\n', 'x'.repeat(200)];
/** Texts that JSON can have, and that stores like to change. */
const TEXTS = [
  '{}',
  '{"a":1,"a":2}',
  ' { "b" : 1.0 } ',
  '{"t":"\\u0000 \\ud83e Größe 🦊 鍵"}',
  '{"n":12345678901234567890}',
];

const EXPECTATIONS: readonly (readonly [ExpectedVersion, number, boolean])[] = [
  ['none', 0, true],
  [0, 0, true],
  ['any', 0, true],
  ['exists', 0, false],
  [1, 0, false],
  ['none', 2, false],
  [0, 2, false],
  [1, 2, false],
  [2, 2, true],
  [3, 2, false],
  ['exists', 2, true],
  ['any', 2, true],
];

/** What comes of appends. */
export const appendingCases: readonly EventStoreBenchCase[] = [
  {
    title: 'gives the events of a stream the versions from 1 on, and positions that rise',
    async run(bench) {
      const first = await bench.append(2, 'none');
      const second = await bench.append(3, 2, bench.stream, bench.other);
      const events = await bench.streamEvents();
      assert.deepEqual([first.version, second.version], [2, 5]);
      assert.deepEqual(await bench.streamVersions(), range(1, 5));
      const positions = events.map(({ position }) => position);
      assert.deepEqual(
        positions,
        [...new Set(positions)].toSorted((a, b) => a - b),
      );
      assert.ok(positions.every((position) => Number.isSafeInteger(position) && position >= 1));
      assert.deepEqual([first.position, second.position], [positions[1], positions[4]]);
    },
  },
  {
    title: 'takes an append whose expectation holds, and refuses the others without a trace',
    async run(bench) {
      for (const [index, [expectedVersion, actual, holds]] of EXPECTATIONS.entries()) {
        const stream = bench.streamOf(`expected-${index}`);
        if (actual > 0) await bench.append(actual, 'none', stream);
        const appended = bench.append(1, expectedVersion, stream);
        if (holds) assert.equal((await appended).version, actual + 1);
        else {
          await assertRejects(appended, { code: 'DISPATCH_CONCURRENCY', stream, expected: expectedVersion, actual });
        }
        assert.deepEqual(await bench.streamVersions(stream), range(1, actual + (holds ? 1 : 0)));
      }
    },
  },
  {
    title: 'works on after a refused append, with the version the refusal has told',
    async run(bench) {
      await bench.append(1, 'none');
      await assertRejects(bench.append(1, 'none'), { code: 'DISPATCH_CONCURRENCY', actual: 1 });
      assert.equal((await bench.append(1, 1)).version, 2);
    },
  },
  {
    title: 'lets exactly one of 16 concurrent appends with the same expected version through',
    async run(bench) {
      for (const expected of ['none', 3] as const) {
        const stores = range(1, 16).map((index) => (index % 2 === 0 ? bench.store : bench.other));
        const appends = stores.map((store) => bench.append(3, expected, bench.stream, store));
        const outcomes = await Promise.allSettled(appends);
        const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
        assert.equal(refusals.length, 15);
        for (const reason of refusals) assert.equal(reason.code, 'DISPATCH_CONCURRENCY');
      }
      assert.deepEqual(await bench.streamVersions(), range(1, 6));
    },
  },
  {
    title: 'keeps the events of one append together, however many append at the same time',
    async run(bench) {
      await Promise.all(range(1, 16).map((writer) => bench.append([`a${writer}`, `b${writer}`, `c${writer}`])));
      const names = (await bench.streamEvents()).map(({ name }) => name);
      assert.equal(names.length, 48);
      for (let index = 0; index < 48; index += 3) {
        const writer = names[index]?.slice(1);
        assert.deepEqual(names.slice(index, index + 3), [`a${writer}`, `b${writer}`, `c${writer}`]);
      }
    },
  },
  {
    title: 'writes nothing for an append without events, and still looks at what was expected',
    async run(bench) {
      assert.deepEqual(await bench.append(0, 'none'), { version: 0, position: 0 });
      await assertRejects(bench.append(0, 'exists'), { code: 'DISPATCH_CONCURRENCY', actual: 0 });
      assert.equal((await bench.append(2, 'none')).version, 2);
      assert.deepEqual(await bench.append(0, 2), { version: 2, position: 0 });
      await assertRejects(bench.append(0, 1), { code: 'DISPATCH_CONCURRENCY', actual: 2 });
      assert.deepEqual(await bench.streamVersions(), [1, 2]);
    },
  },
  {
    title: 'refuses what no store takes, tells every problem, and works on',
    async run(bench) {
      const wrong = bench.store.append('no category', [newEvent()], { expectedVersion: -1 });
      await assertRejects(wrong, { code: 'DISPATCH_INVALID_APPEND' });
      await wrong.catch((error: { readonly problems: readonly string[] }) => assert.equal(error.problems.length, 2));
      for (const stream of ['-1', 'a-', `a-${'x'.repeat(254)}`, 'a-\0', 'a-\ud83e']) {
        await assertRejects(bench.append(1, 'any', stream), { code: 'DISPATCH_INVALID_APPEND' });
      }
      await assertRejects(bench.append(1001), { code: 'DISPATCH_INVALID_APPEND' });
      assert.equal((await bench.append(1000, 'none')).version, 1000);
    },
  },
  {
    title: 'gives back id, name, schema version, payload and metadata as they were given',
    async run(bench) {
      const metadata = { correlationId: 'c', causationId: 'm', tenant: 'Ärger 🦊', 'x-own': '' };
      const given: NewEvent[] = TEXTS.map((payload, index) => ({
        ...newEvent(`orders.placed ${index} 🦊`),
        payload,
        schemaVersion: index + 1,
        metadata,
      }));
      const before = Date.now();
      await bench.store.append(bench.stream, given, { expectedVersion: 'none' });
      for (const [index, event] of (await bench.streamEvents(bench.stream, 500, bench.other)).entries()) {
        const { stream, version, recordedAt, position: _position, ...rest } = event;
        assert.deepEqual(rest, given[index]);
        assert.deepEqual([stream, version], [bench.stream, index + 1]);
        // The clock of a store may differ from ours.
        assert.ok(Math.abs(recordedAt.getTime() - before) < 3_600_000);
      }
    },
  },
  {
    title: 'tells streams apart whose names look alike',
    async run(bench) {
      for (const [index, id] of IDS.entries()) await bench.append([`e${index}`], 'any', bench.streamOf(id));
      for (const [index, id] of IDS.entries()) {
        const events = await bench.streamEvents(bench.streamOf(id), 500, bench.other);
        assert.deepEqual(
          events.map(({ name }) => name),
          [`e${index}`],
        );
      }
    },
  },
  {
    title: 'keeps a payload of a megabyte',
    async run(bench) {
      const payload = JSON.stringify({ text: 'Größe 🦊 '.repeat(80_000) });
      await bench.store.append(bench.stream, [{ ...newEvent(), payload }], { expectedVersion: 'none' });
      assert.equal((await bench.streamEvents())[0]?.payload, payload);
    },
  },
];
