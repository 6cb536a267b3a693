import assert from 'node:assert/strict';

import type { StreamPageQuery } from '../../event-store/event-store.port.js';
import { newEvent, range, type EventStoreBenchCase } from './bench.js';

const FORWARDS: StreamPageQuery<never> = { from: 1, to: Infinity, direction: 'forwards', limit: 1000 };

/** What is read of streams, and of all of them. */
export const readingCases: readonly EventStoreBenchCase[] = [
  {
    title: 'gives an empty page of a stream that does not exist, and knows nothing of it',
    async run(bench) {
      assert.deepEqual(await bench.store.readStreamPage(bench.stream, FORWARDS), []);
      assert.equal(await bench.store.streamFacts(bench.stream), undefined);
      assert.deepEqual(await bench.allEvents(), []);
    },
  },
  {
    title: 'reads any part of a stream, in both directions, up to its limit',
    async run(bench) {
      await bench.append(10, 'none');
      const versions = async (query: Partial<StreamPageQuery<never>>): Promise<number[]> =>
        (await bench.other.readStreamPage(bench.stream, { ...FORWARDS, ...query })).map(({ version }) => version);
      assert.deepEqual(await versions({ from: 3, to: 5 }), [3, 4, 5]);
      assert.deepEqual(await versions({ from: 9 }), [9, 10]);
      assert.deepEqual(await versions({ from: 11 }), []);
      assert.deepEqual(await versions({ from: 5, to: 4 }), []);
      assert.deepEqual(await versions({ limit: 2 }), [1, 2]);
      assert.deepEqual(await versions({ direction: 'backwards', limit: 3 }), [10, 9, 8]);
      assert.deepEqual(await versions({ direction: 'backwards', from: 3, to: 5 }), [5, 4, 3]);
      assert.deepEqual(await versions({ direction: 'backwards', from: 3, to: 7, limit: 2 }), [7, 6]);
      assert.deepEqual(await versions({ direction: 'backwards', from: 11 }), []);
    },
  },
  {
    title: 'reads a stream of 10 000 events page by page as it reads it at once',
    async run(bench) {
      const events = Array.from({ length: 1000 }, (_, index) => newEvent('happened', index));
      for (const part of range(0, 9)) {
        await bench.store.append(bench.stream, events, { expectedVersion: part * 1000 });
      }
      const atOnce = await bench.streamEvents(bench.stream, 10_000);
      assert.deepEqual(
        atOnce.map(({ version }) => version),
        range(1, 10_000),
      );
      for (const pageSize of [997, 1000]) assert.deepEqual(await bench.streamEvents(bench.stream, pageSize), atOnce);
      assert.deepEqual(await bench.allEvents({ pageSize: 997 }), atOnce);
    },
  },
  {
    title: 'reads all events in the order of their positions, behind any of them, up to the limit',
    async run(bench) {
      for (const id of ['a', 'b', 'a', 'c']) await bench.append(2, 'any', bench.streamOf(id));
      const all = await bench.allEvents();
      assert.deepEqual(
        all.map(({ stream, version }) => `${stream.split('-')[1]}${version}`),
        ['a1', 'a2', 'b1', 'b2', 'a3', 'a4', 'c1', 'c2'],
      );
      for (const [index, { position }] of all.entries()) {
        assert.deepEqual(await bench.allEvents({ afterPosition: position }), all.slice(index + 1));
      }
      assert.deepEqual(await bench.allEvents({ limit: 3, pageSize: 2 }), all.slice(0, 3));
    },
  },
  {
    title: 'filters all events by name and by category, and goes on behind what it has looked at',
    async run(bench) {
      const sister = `${bench.category}x`;
      await bench.append(['placed', 'paid'], 'none', bench.streamOf('a'));
      await bench.append(['placed', 'shipped'], 'none', `${sister}-a`);
      await bench.append(['paid', 'Placed'], 'none', bench.streamOf('b'));
      const categories = [bench.category, sister];
      const named = async (names: readonly string[], from: readonly string[] = categories): Promise<string[]> =>
        (await bench.allEvents({ names, categories: from, pageSize: 1 })).map(({ name }) => name);
      assert.deepEqual(await named(['placed']), ['placed', 'placed']);
      assert.deepEqual(await named(['paid', 'shipped']), ['paid', 'shipped', 'paid']);
      assert.deepEqual(await named(['placed', 'shipped'], [sister]), ['placed', 'shipped']);
      assert.deepEqual(await named([]), []);
      assert.deepEqual(await named(['placed'], []), []);
    },
  },
  {
    title: 'says where all events end, and that a page is the last',
    async run(bench) {
      await bench.append(3, 'none');
      const last = (await bench.allEvents()).at(-1)?.position ?? 0;
      await bench.until('the last position', async () => (await bench.other.lastPosition()) >= last);
      const end = await bench.store.lastPosition();
      const page = await bench.store.readAllPage({ afterPosition: end, limit: 10, names: ['nothing of this name'] });
      assert.deepEqual(page.events, []);
      assert.ok(page.position >= end);
      // Others may append to the same store meanwhile, so the end is awaited.
      const isEnd = async (): Promise<boolean> => {
        const after = await bench.store.lastPosition();
        return (await bench.store.readAllPage({ afterPosition: after, limit: 1000 })).isEnd;
      };
      await bench.until('the end of all events', isEnd);
    },
  },
];
