import type { RateLimitStore } from '../pipeline/resilience/rate-limit/rate-limit-store.port.js';
import { RATE_LIMIT_CASES, RateLimitBench } from './rate-limit-contract/cases.js';

/** What the contract suite of rate limit stores is run on. */
export interface RateLimitContractSetup {
  /**
   * Makes a store. All stores of one case count together where they are `isShared`. The keys of a case are its own, so counts may
   * be left behind. Each store is closed at the end of its case.
   */
  readonly store: () => RateLimitStore | Promise<RateLimitStore>;
}

/** One expectation that every rate limit store meets. */
export interface RateLimitContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

/**
 * What every `RateLimitStore` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * for (const { title, run } of rateLimitStoreContract({ store: () => memoryRateLimits() })) it(title, run);
 */
export function rateLimitStoreContract({ store }: RateLimitContractSetup): readonly RateLimitContractCase[] {
  return RATE_LIMIT_CASES.map((benchCase) => ({
    title: benchCase.title,
    async run() {
      const bench = await RateLimitBench.open(store);
      try {
        await benchCase.run(bench);
      } finally {
        await bench.close();
      }
    },
  }));
}
