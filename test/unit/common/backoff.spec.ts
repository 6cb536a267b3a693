import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { backoffMs } from '../../../lib/common/backoff.js';
import { propertyRuns } from '../property-runs.js';

const ms = fc.integer({ min: 0, max: 300_000 });

describe('the wait before another attempt', () => {
  it('is never shorter than the base, and never longer than the longest', () => {
    fc.assert(
      fc.property(ms, ms, fc.integer({ min: 1, max: 2000 }), (one, other, attempt) => {
        const [baseMs, maxMs] = [Math.min(one, other), Math.max(one, other)];
        const waitMs = backoffMs({ baseMs, maxMs }, attempt);
        expect(waitMs).toBeGreaterThanOrEqual(baseMs);
        expect(waitMs).toBeLessThanOrEqual(maxMs);
      }),
      propertyRuns(500),
    );
  });

  it('doubles with each attempt up to the longest', () => {
    const waits = [1, 2, 3, 4, 5, 2000].map((attempt) => backoffMs({ baseMs: 100, maxMs: 700 }, attempt));
    expect(waits).toEqual([100, 200, 400, 700, 700, 700]);
  });

  it('is none where the base is 0, however many attempts there were', () => {
    expect([1, 2, 5000].map((attempt) => backoffMs({ baseMs: 0, maxMs: 700 }, attempt))).toEqual([0, 0, 0]);
  });
});
