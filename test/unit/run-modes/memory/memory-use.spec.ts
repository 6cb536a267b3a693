import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from '@jest/globals';

import { inMemoryQueue } from '../../../../lib/run-modes/memory/in-memory-queue.js';
import { WaitingLine } from '../../../../lib/run-modes/memory/waiting-line.js';
import { MemoryEntry } from '../../../../lib/run-modes/memory/memory-entry.js';
import { Bench, COMPLETE, FAILURE } from '../../../../lib/testing/queue-contract/bench.js';

const CAPACITY = 4000;

function usedHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

describe('memory of the in-memory queue', () => {
  it('stays flat over 40 000 entries with a slow consumer and a full queue', async () => {
    const bench = new Bench(inMemoryQueue({ capacity: CAPACITY }), 30_000);
    const instance = await bench.open();
    const queue = await bench.queue({ concurrency: 500 }, instance);
    let handled = 0;
    await instance.backend.consume(queue, async ({ id, attempt }) => {
      await new Promise(setImmediate);
      handled += 1;
      if (attempt === 1 && id.endsWith('7')) return { action: 'retry', delayMs: 0, error: FAILURE };
      return id.endsWith('99') ? { action: 'park', place: 'invalid', error: FAILURE } : COMPLETE;
    });
    const heap: number[] = [];
    for (let sent = 0; sent < 40_000; sent++) {
      const key = sent % 2 === 0 ? `key-${sent}` : undefined;
      const entry = bench.entry({
        id: String(sent),
        key,
        deduplicationId: `once-${sent}`,
        data: { text: `a ${sent}` },
      });
      await instance.enqueue(queue, entry);
      if (sent % 8000 === 7999) heap.push(usedHeapBytes());
    }
    await bench.until('all to end', async () => {
      const { waiting, active } = await instance.backend.counts(queue.name);
      return waiting + active === 0;
    });
    expect(handled).toBeGreaterThan(40_000);
    // From the second reading on everything that is kept is full: what waits, and what is completed and parked.
    const [, second = 0, ...later] = heap;
    for (const bytes of later) expect(bytes / second).toBeLessThan(1.2);
    await bench.close();
  });

  it('forgets a key once none of its entries waits or runs', () => {
    const bench = new Bench(inMemoryQueue(), 1000);
    const line = new WaitingLine();
    const handOut = (key: string): void => {
      line.addLast(new MemoryEntry(bench.entry({ key }), 1, 0));
      const taken = line.takeKeyed();
      if (taken !== undefined) line.release(taken);
    };
    handOut('first');
    const before = usedHeapBytes();
    for (let key = 0; key < 50_000; key++) handOut(`key-${key}`);
    // A line for each of them would take more than four times as much.
    expect(usedHeapBytes() - before).toBeLessThan(2_000_000);
    expect([line.takeKeyed(), line.size]).toEqual([undefined, 0]);
  });

  it('forgets a priority that nothing waits with, once there are many', () => {
    const bench = new Bench(inMemoryQueue(), 1000);
    const line = new WaitingLine();
    for (let round = 0; round < 3; round++) {
      for (let priority = 1000; priority > 0; priority--) {
        line.addLast(new MemoryEntry(bench.entry({ priority }), 1, 0));
      }
      const priorities: (number | undefined)[] = [];
      while (line.size > 0) priorities.push(line.takeUnkeyed()?.entry.priority);
      expect(priorities).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    }
    expect(line.takeUnkeyed()).toBeUndefined();
  });
});
