import { describe, expect, it } from '@jest/globals';
import { memoryRateLimits, type RateLimitClaim, type RateLimitStore } from 'nestjs-dispatch';

import { rateLimitStoreContract } from '../../../lib/testing/index.js';

type Take = (claim: RateLimitClaim, sound: RateLimitStore) => Promise<number>;

const step = ({ max, durationMs }: RateLimitClaim): number => durationMs / max;

/** A fault, and a case that finds it. */
const FAULTS: readonly (readonly [string, () => Take, string])[] = [
  ['lets everything through', () => async () => 0, 'lets as many through at once'],
  [
    'lets one more through',
    () => (claim, sound) => sound.take({ ...claim, max: claim.max + 1 }),
    'lets as many through',
  ],
  [
    'never has room again',
    () => async (claim, sound) => ((await sound.take(claim)) > 0 ? 150 : 0),
    'lets one through when',
  ],
  [
    'looks before it counts',
    () => {
      const counts = new Map<string, number>();
      return async (claim) => {
        const count = counts.get(claim.key) ?? 0;
        await Promise.resolve();
        counts.set(claim.key, count + 1);
        return count < claim.max ? 0 : step(claim);
      };
    },
    'lets no more than the limit through of a hundred',
  ],
  [
    'counts those it sends away',
    () => {
      let refused = 0;
      return async (claim, sound) => {
        const waitMs = await sound.take(claim);
        if (waitMs > 0) refused += 1;
        return waitMs > 0 ? Math.min(waitMs, step(claim)) + refused * 100 : 0;
      };
    },
    'counts nothing for those it sends away',
  ],
  [
    'has all come again at once',
    () => (claim, sound) => sound.take({ ...claim, comesAgainWithinMs: 0 }),
    'spreads those',
  ],
  [
    'counts on those that do not come again',
    () => (claim, sound) =>
      sound.take({ ...claim, comesAgainWithinMs: claim.comesAgainWithinMs > 0 ? 2_147_483_647 : 0 }),
    'is not held up by those',
  ],
  ['folds keys', () => (claim, sound) => sound.take({ ...claim, key: claim.key.normalize() }), 'tells keys apart'],
];

async function failuresOf(fault: () => Take): Promise<readonly string[]> {
  const take = fault();
  const store = (): RateLimitStore => {
    const sound = memoryRateLimits();
    return { isShared: false, take: (claim) => take(claim, sound) };
  };
  const outcomes = await Promise.all(
    rateLimitStoreContract({ store }).map(async ({ title, run }) => {
      const [{ status }] = await Promise.allSettled([run()]);
      return status === 'rejected' ? [title] : [];
    }),
  );
  return outcomes.flat();
}

describe('the contract of rate limit stores finds a store that', () => {
  it.each(FAULTS)('%s', async (_fault, fault, title) => {
    expect((await failuresOf(fault)).join()).toContain(title);
  });
});
