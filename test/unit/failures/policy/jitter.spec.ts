import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { MAX_TIMEOUT_MS } from '../../../../lib/common/timeout.js';
import { jittered } from '../../../../lib/failures/policy/jitter.js';
import { propertyRuns } from '../../property-runs.js';

const delay = fc.integer({ min: 0, max: 1_000_000_000 });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a delay with jitter', () => {
  it.each([
    ['full', 2],
    ['bounded', 1.25],
  ] as const)('is no shorter, and with %s less than %d times as long', (jitter, most) => {
    fc.assert(
      fc.property(delay, chance, (delayMs, random) => {
        const waitMs = jittered(delayMs, jitter, () => random);
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(delayMs);
        expect(delayMs === 0 ? waitMs === 0 : waitMs < delayMs * most).toBe(true);
      }),
      propertyRuns(1000),
    );
  });

  it('reaches nearly its bounds', () => {
    const most = 1 - Number.EPSILON / 2;
    expect([jittered(1000, 'full', () => 0), jittered(1000, 'full', () => most)]).toEqual([1000, 1999]);
    expect([jittered(1000, 'bounded', () => 0), jittered(1000, 'bounded', () => most)]).toEqual([1000, 1249]);
  });

  it('is the delay itself where there is none', () => {
    fc.assert(
      fc.property(delay, chance, (delayMs, random) => expect(jittered(delayMs, 'none', () => random)).toBe(delayMs)),
      propertyRuns(),
    );
  });

  it('stays one that a timer can keep', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_TIMEOUT_MS }), chance, (delayMs, random) => {
        const waitMs = jittered(delayMs, 'full', () => random);
        expect(waitMs).toBeGreaterThanOrEqual(delayMs);
        expect(waitMs).toBeLessThanOrEqual(MAX_TIMEOUT_MS);
      }),
      propertyRuns(),
    );
  });

  it('waits a part of a millisecond out', () => {
    expect(jittered(0.5, 'none')).toBe(1);
    expect(jittered(0.5, 'full', () => 0.9)).toBe(1);
  });

  it('differs from one time to the next by itself', () => {
    const waits = Array.from({ length: 20 }, () => jittered(1_000_000, 'full'));
    expect(new Set(waits).size).toBeGreaterThan(1);
  });
});
