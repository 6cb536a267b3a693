import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { RingBuffer } from '../../../lib/common/ring-buffer.js';
import { propertyRuns } from '../property-runs.js';

describe('RingBuffer', () => {
  it('refuses an entry when it is full and takes one again after a shift', () => {
    const buffer = new RingBuffer<{ n: number }>(1);
    expect([buffer.push({ n: 1 }), buffer.push({ n: 2 })]).toEqual([true, false]);
    expect(buffer.shift()).toEqual({ n: 1 });
    expect(buffer.push({ n: 3 })).toBe(true);
  });

  it('behaves as a bounded list for every sequence of operations', () => {
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.integer().map((n) => ({ push: n })) },
      { weight: 4, arbitrary: fc.constant('shift' as const) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(operation, { maxLength: 60 }), (capacity, operations) => {
        const buffer = new RingBuffer<{ push: number }>(capacity);
        const model = new BoundedList<{ push: number }>(capacity);
        const run = (list: typeof buffer | typeof model) =>
          operations.map((step) => {
            if (step === 'clear') return [list.clear(), list.size];
            if (step === 'shift') return [list.shift(), list.size];
            return [list.push(step), list.size];
          });
        expect(run(buffer)).toEqual(run(model));
      }),
      propertyRuns(),
    );
  });
});

/** The plainest thing that keeps the promises of a ring buffer. */
class BoundedList<T> {
  private entries: T[] = [];

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.entries.length;
  }

  push(entry: T): boolean {
    if (this.entries.length === this.capacity) return false;
    this.entries.push(entry);
    return true;
  }

  shift(): T | undefined {
    return this.entries.shift();
  }

  clear(): void {
    this.entries = [];
  }
}
