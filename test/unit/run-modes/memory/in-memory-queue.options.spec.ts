import { describe, expect, it } from '@jest/globals';

import { inMemoryQueue } from '../../../../lib/run-modes/memory/in-memory-queue.js';
import { resolveInMemoryQueueOptions } from '../../../../lib/run-modes/memory/in-memory-queue.options.js';
import { Instance, Bench } from '../../../../lib/testing/queue-contract/bench.js';

describe('options of the in-memory queue', () => {
  it('have defaults', () => {
    expect(resolveInMemoryQueueOptions()).toEqual({
      capacity: 10_000,
      fullMode: 'wait',
      batchSize: 64,
      consumers: 1,
    });
  });

  it.each([0, -1])('mean no limit by a capacity of %s', (capacity) => {
    expect(resolveInMemoryQueueOptions({ capacity }).capacity).toBe(Number.POSITIVE_INFINITY);
  });

  it('are refused with DISPATCH_INVALID_QUEUE_OPTIONS when the backend is made, listing everything that is wrong', () => {
    const options = { capacity: 1.5, fullMode: 'drop', batchSize: 0, consumers: '2', size: 3 };
    const factory = inMemoryQueue(options as object);
    const bench = new Bench(factory, 1000);
    expect(() => new Instance(factory, bench)).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_QUEUE_OPTIONS',
        problems: [
          'there is no option "size", only capacity, fullMode, batchSize, consumers',
          'capacity is 1.5, not a whole number',
          'fullMode is "drop", not one of wait, dropOldest, dropNewest, dropWrite, reject',
          'batchSize is 0, not a whole number from 1',
          'consumers is "2", not a whole number from 1',
        ],
      }),
    );
  });

  it.each([null, [], 'fast', 5])('are refused where they are %p', (options) => {
    expect(() => resolveInMemoryQueueOptions(options as object)).toThrow(
      expect.objectContaining({ code: 'DISPATCH_INVALID_QUEUE_OPTIONS' }),
    );
  });
});
