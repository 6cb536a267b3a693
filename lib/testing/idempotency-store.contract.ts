import type { IdempotencyStore } from '../pipeline/idempotency/idempotency-store.port.js';
import { StoreBench, type StoreBenchCase } from './idempotency-contract/bench.js';
import { claimingCases } from './idempotency-contract/claiming.js';
import { endingCases } from './idempotency-contract/ending.js';
import { lockCases } from './idempotency-contract/locks.js';

/** What the contract suite of idempotency stores is run on. */
export interface IdempotencyContractSetup {
  /**
   * Makes a store. All stores of one case work on the same entries where they are `isShared`. The keys of a case are its own,
   * so entries may be left behind. Each store is closed at the end of its case.
   */
  readonly store: () => IdempotencyStore | Promise<IdempotencyStore>;
  /** How long a case waits for what must come, in milliseconds, each time anew. Default 20 000. */
  readonly patienceMs?: number;
}

/** One expectation that every idempotency store meets. */
export interface IdempotencyContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

const ALL: readonly StoreBenchCase[] = [...claimingCases, ...endingCases, ...lockCases];

/**
 * What every `IdempotencyStore` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * for (const { title, run } of idempotencyStoreContract({ store: () => memoryIdempotency() })) it(title, run);
 */
export function idempotencyStoreContract(setup: IdempotencyContractSetup): readonly IdempotencyContractCase[] {
  return ALL.map((benchCase) => ({ title: benchCase.title, run: () => runCase(benchCase, setup) }));
}

async function runCase(benchCase: StoreBenchCase, { store, patienceMs }: IdempotencyContractSetup): Promise<void> {
  const bench = await StoreBench.open(store, patienceMs ?? 20_000);
  try {
    await benchCase.run(bench);
  } finally {
    await bench.close();
  }
}
