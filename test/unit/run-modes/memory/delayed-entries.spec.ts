import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { inMemoryQueue } from '../../../../lib/run-modes/memory/in-memory-queue.js';
import { DelayedEntries } from '../../../../lib/run-modes/memory/delayed-entries.js';
import { MemoryEntry } from '../../../../lib/run-modes/memory/memory-entry.js';
import { Bench } from '../../../../lib/testing/queue-contract/bench.js';
import { propertyRuns } from '../../property-runs.js';

describe('DelayedEntries', () => {
  const bench = new Bench(inMemoryQueue(), 1000);

  function entriesOf(dueTimes: readonly number[]): MemoryEntry[] {
    return dueTimes.map((dueAt, index) => {
      const entry = new MemoryEntry(bench.entry(), index + 1, 0);
      entry.dueAt = dueAt;
      return entry;
    });
  }

  it('gives entries in the order they are due, equals as they came, whichever were removed before', () => {
    const dueTimes = fc.array(fc.nat(20), { maxLength: 40 });
    const property = fc.property(dueTimes, fc.array(fc.nat(39)), (times, removals) => {
      const delayed = new DelayedEntries();
      const entries = entriesOf(times);
      for (const entry of entries) delayed.add(entry);
      const removed = new Set(removals.flatMap((index) => entries[index] ?? []));
      for (const entry of removed) delayed.remove(entry);
      const kept = entries.filter((entry) => !removed.has(entry));
      const expected = kept.toSorted((one, other) => one.dueAt - other.dueAt || one.sequence - other.sequence);
      expect([delayed.size, delayed.first, delayed.last]).toEqual([kept.length, expected[0], expected.at(-1)]);
      const taken: (MemoryEntry | undefined)[] = [];
      while (delayed.size > 0) taken.push(delayed.takeDue(20));
      expect(taken.map((entry) => entry?.sequence)).toEqual(expected.map(({ sequence }) => sequence));
    });
    fc.assert(property, propertyRuns(500));
  });

  it('keeps what is not due, and does nothing where an entry is removed a second time', () => {
    const delayed = new DelayedEntries();
    const [early, late] = entriesOf([5, 10]);
    for (const entry of [late, early]) if (entry !== undefined) delayed.add(entry);
    expect(delayed.takeDue(4)).toBeUndefined();
    expect(delayed.takeDue(5)).toBe(early);
    if (early !== undefined) delayed.remove(early);
    expect([delayed.size, delayed.nextDueAt]).toEqual([1, 10]);
  });
});
