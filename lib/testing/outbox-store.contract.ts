import assert from 'node:assert/strict';

import { type OutboxBenchCase, type OutboxContractPlace } from './outbox-contract/bench.js';
import { ENDING } from './outbox-contract/ending.js';
import { TAKING } from './outbox-contract/taking.js';

export type { OutboxContractPlace };

/** How an outbox is made. */
export interface OutboxContractSetup {
  /** Makes a place for one case. */
  readonly place: () => OutboxContractPlace | Promise<OutboxContractPlace>;
  /** How long a case waits for what must come, in milliseconds. Default 20 000. */
  readonly patienceMs?: number;
}

/** One expectation that every outbox meets. */
export interface OutboxContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

/**
 * What every `OutboxStore` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * const place = () => {
 *   const [store, { run }] = [inMemoryOutbox(), inMemoryTransactions()];
 *   return { store: () => store, transact: (work: (client: unknown) => Promise<void>) => run(work, {}) };
 * };
 * for (const { title, run } of outboxStoreContract({ place })) it(title, run);
 */
export function outboxStoreContract(setup: OutboxContractSetup): readonly OutboxContractCase[] {
  return [...TAKING, ...ENDING].map((each) => ({ title: each.title, run: () => runCase(each, setup) }));
}

async function runCase(benchCase: OutboxBenchCase, { place, patienceMs = 20_000 }: OutboxContractSetup): Promise<void> {
  const { store: make, transact } = await place();
  const store = make();
  const other = store.isShared ? make() : store;
  const both = [...new Set([store, other])];
  try {
    for (const each of both) await each.open?.();
    await benchCase.run({
      store,
      other,
      transact,
      add: (...messages) => transact((transaction) => store.add(messages, transaction)),
      until: (what, isTrue) => untilTrue(what, isTrue, patienceMs),
    });
  } finally {
    await Promise.all(both.map((each) => each.close?.()));
  }
}

async function untilTrue(what: string, isTrue: () => boolean | Promise<boolean>, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) assert.fail(`Waited ${patienceMs} ms in vain for ${what}.`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
