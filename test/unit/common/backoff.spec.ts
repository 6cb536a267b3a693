import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { backoffMs } from '../../../lib/common/backoff.js';
import { propertyRuns } from '../property-runs.js';

const ms = fc.integer({ min: 0, max: 300_000 });
const chance = fc.double({ min: 0, max: 1, noNaN: true });

describe('the wait before another attempt', () => {
  it('is never shorter than the base, and never longer than one and a half times the longest', () => {
    fc.assert(
      fc.property(ms, ms, fc.integer({ min: 1, max: 2000 }), chance, (one, other, attempt, random) => {
        const [baseMs, maxMs] = [Math.min(one, other), Math.max(one, other)];
        const waitMs = backoffMs({ baseMs, maxMs }, attempt, () => random);
        expect(waitMs).toBeGreaterThanOrEqual(baseMs);
        expect(waitMs).toBeLessThanOrEqual(Math.round(maxMs * 1.5));
        expect(Number.isInteger(waitMs)).toBe(true);
      }),
      propertyRuns(500),
    );
  });

  it('doubles with each attempt up to the longest, without jitter', () => {
    const waits = [1, 2, 3, 4, 5, 2000].map((attempt) => backoffMs({ baseMs: 100, maxMs: 700 }, attempt, () => 0));
    expect(waits).toEqual([100, 200, 400, 700, 700, 700]);
  });

  it('is lengthened by half of it at most', () => {
    expect(backoffMs({ baseMs: 100, maxMs: 700 }, 2, () => 0.5)).toBe(250);
    expect(backoffMs({ baseMs: 100, maxMs: 700 }, 2, () => 1)).toBe(300);
  });

  it('is none where the base is 0, however many attempts there were', () => {
    expect([1, 2, 5000].map((attempt) => backoffMs({ baseMs: 0, maxMs: 700 }, attempt))).toEqual([0, 0, 0]);
  });
});
