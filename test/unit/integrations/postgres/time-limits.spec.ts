import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { isOutage } from '../../../../lib/integrations/postgres/connection/outage.js';
import { TimeLimits } from '../../../../lib/integrations/postgres/connection/time-limits.js';
import { rejectionOf } from '../../dispatcher/application.js';

const NEVER = new Promise<never>(() => undefined);

/** How long it took until an answer was given up, in milliseconds. */
async function givenUpAfterMs(limits: TimeLimits, timeoutMs: number): Promise<number> {
  const sinceMs = performance.now();
  const error = await rejectionOf(limits.within(sinceMs + timeoutMs, NEVER));
  expect(isOutage(error)).toBe(true);
  return performance.now() - sinceMs;
}

describe('an answer with a time limit', () => {
  it('is what it is where it comes in time', async () => {
    const limits = new TimeLimits();
    const endsAtMs = performance.now() + 10_000;
    expect(await limits.within(endsAtMs, Promise.resolve(1))).toBe(1);
    await expect(limits.within(endsAtMs, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  });

  it('is given up when its time is over and not before, whatever the limits of others are', async () => {
    const limits = new TimeLimits();
    const limitsMs = [120, 40, 1, 80];
    const tookMs = await Promise.all(limitsMs.map((limitMs) => givenUpAfterMs(limits, limitMs)));
    expect(tookMs.map((took, index) => took >= (limitsMs[index] ?? 0))).toEqual([true, true, true, true]);
    const inOrder = tookMs.toSorted((a, b) => a - b);
    expect(inOrder).toEqual([tookMs[2], tookMs[1], tookMs[3], tookMs[0]]);
  });

  it('is given up at once where its time was over before', async () => {
    expect(await givenUpAfterMs(new TimeLimits(), -1)).toBeLessThan(1000);
  });

  it('is given up in time after one that came in time', async () => {
    const limits = new TimeLimits();
    await limits.within(performance.now() + 20, delay(1));
    expect(await givenUpAfterMs(limits, 60)).toBeGreaterThanOrEqual(60);
  });
});
