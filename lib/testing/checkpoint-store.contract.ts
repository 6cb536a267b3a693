import { randomUUID } from 'node:crypto';

import type { CheckpointBenchCase, CheckpointContractSetup } from './checkpoint-contract/bench.js';
import { OWNING } from './checkpoint-contract/owning.js';
import { PARKING } from './checkpoint-contract/parking.js';
import { WRITING } from './checkpoint-contract/writing.js';

export type { CheckpointContractSetup } from './checkpoint-contract/bench.js';

/** One expectation that every store of checkpoints meets. */
export interface CheckpointContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

/**
 * What every `CheckpointStore` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * const setup = { store: () => inMemoryCheckpoints(), transact: (work) => inMemoryTransactions().run(work, {}) };
 * for (const { title, run } of checkpointStoreContract(setup)) it(title, run);
 */
export function checkpointStoreContract(setup: CheckpointContractSetup): readonly CheckpointContractCase[] {
  const cases = [...OWNING, ...WRITING, ...PARKING];
  return cases.map((benchCase) => ({ title: benchCase.title, run: () => runCase(benchCase, setup) }));
}

async function runCase(
  benchCase: CheckpointBenchCase,
  { store: make, transact }: CheckpointContractSetup,
): Promise<void> {
  const store = await make();
  const other = store.isShared ? await make() : store;
  try {
    await benchCase.run({ store, other, transact, projection: `contract-${randomUUID()}` });
  } finally {
    await Promise.all([...new Set([store, other])].map((each) => each.close?.()));
  }
}
