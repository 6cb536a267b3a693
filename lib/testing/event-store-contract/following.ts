import assert from 'node:assert/strict';

import type { StoredEvent } from '../../event-store/event-store.port.js';
import { followPages } from '../../event-store/reading/pages.js';
import { range, type EventStoreBench, type EventStoreBenchCase } from './bench.js';

const WRITERS = 16;
const APPENDS = 12;

/** Sixteen writers, each with appends of one to three events to a stream of its own, and to one they share. */
async function writeALot(bench: EventStoreBench): Promise<void> {
  const writers = range(1, WRITERS).map(async (writer) => {
    const store = writer % 2 === 0 ? bench.store : bench.other;
    for (const turn of range(1, APPENDS)) {
      const stream = bench.streamOf(turn % 3 === 0 ? 'shared' : `own-${writer}`);
      await bench.append(1 + ((writer + turn) % 3), 'any', stream, store);
    }
  });
  await Promise.all(writers);
}

function eventCount(): number {
  const counts = range(1, WRITERS).flatMap((writer) => range(1, APPENDS).map((turn) => 1 + ((writer + turn) % 3)));
  return counts.reduce((sum, count) => sum + count, 0);
}

function assertOrder(events: readonly StoredEvent[]): void {
  const next = new Map<string, number>();
  let before = 0;
  for (const { position, stream, version } of events) {
    assert.ok(position > before, `position ${position} after ${before}`);
    assert.equal(version, next.get(stream) ?? 1, `the version in ${stream}`);
    before = position;
    next.set(stream, version + 1);
  }
}

/** What those see who read on and on. */
export const followingCases: readonly EventStoreBenchCase[] = [
  {
    title: 'misses and reorders nothing for those who read all events while 16 others write',
    async run(bench) {
      const [first, second] = await Promise.all([
        bench.follow(0, eventCount()),
        bench.follow(0, eventCount(), () => new Promise((resolve) => setImmediate(resolve)), 3),
        writeALot(bench),
      ]);
      assert.equal(first.length, eventCount());
      assertOrder(first);
      assert.deepEqual(second, first);
      assert.deepEqual(await bench.allEvents(), first);
    },
  },
  {
    title: 'has no seam between what was there and what comes while it is read',
    async run(bench) {
      await bench.append(20, 'none');
      let appended = 0;
      const found = await bench.follow(0, 40, async ({ isEnd }) => {
        // Some come while there is still something to catch up on, the others when there is not.
        if (appended < 20 && (isEnd || appended < 10)) await bench.append(2, 20 + appended).then(() => (appended += 2));
      });
      assert.deepEqual(
        found.map(({ version }) => version),
        range(1, 40),
      );
    },
  },
  {
    title: 'gives one who begins at the end only what comes then',
    async run(bench) {
      await bench.append(5, 'none');
      const before = (await bench.allEvents()).at(-1)?.position ?? 0;
      await bench.until('all to be readable', async () => (await bench.other.lastPosition()) >= before);
      let hasAppended = false;
      const found = await bench.follow('end', 2, async () => {
        if (!hasAppended) await bench.append(2, 5);
        hasAppended = true;
      });
      assert.deepEqual(
        found.map(({ version }) => version),
        [6, 7],
      );
    },
  },
  {
    title: 'wakes those who watch when something is appended, and nobody any more who has stopped',
    async run(bench) {
      const { store, other } = bench;
      if (other.watch === undefined) return;
      const woken = { staying: 0, leaving: 0 };
      const stay = other.watch(() => (woken.staying += 1));
      const leave = other.watch(() => (woken.leaving += 1));
      leave();
      await bench.append(1, 'none', bench.stream, store);
      await bench.until('one who watches to be woken', async () => woken.staying > 0);
      stay();
      assert.equal(woken.leaving, 0);
    },
  },
  {
    title: 'ends a subscription that waits, as soon as its signal aborts',
    async run(bench) {
      const stop = new AbortController();
      const pages: unknown[] = [];
      const options = { categories: [bench.category], signal: stop.signal, pollIntervalMs: 2_000_000_000 };
      for await (const page of followPages(bench.store, options)) {
        pages.push(page);
        if (page.isEnd) setImmediate(() => stop.abort());
      }
      assert.ok(pages.length > 0);
    },
  },
];
