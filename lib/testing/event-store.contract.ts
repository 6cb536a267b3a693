import type { EventStore } from '../event-store/event-store.port.js';
import { appendingCases } from './event-store-contract/appending.js';
import { EventStoreBench, type EventStoreBenchCase } from './event-store-contract/bench.js';
import { closingCases } from './event-store-contract/closing.js';
import { followingCases } from './event-store-contract/following.js';
import { readingCases } from './event-store-contract/reading.js';

/** What the contract suite of event stores is run on. */
export interface EventStoreContractSetup {
  /**
   * Makes a store. All stores of one case work on the same events where they are `isShared`. The streams of a case are its own,
   * so events may be left behind, and others may write to the same store. Each store is opened, and closed at the end of its case.
   */
  readonly store: () => EventStore | Promise<EventStore>;
  /** How long a case waits for what must come, in milliseconds, each time anew. Default 20 000. */
  readonly patienceMs?: number;
}

/** One expectation that every event store meets. */
export interface EventStoreContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

const ALL: readonly EventStoreBenchCase[] = [...appendingCases, ...readingCases, ...closingCases, ...followingCases];

/**
 * What every `EventStore` must do, as cases for any test runner. They do not depend on each other or on their order. What a
 * store does with a transaction of the caller is for its own tests.
 *
 * @example
 * for (const { title, run } of eventStoreContract({ store: () => inMemoryEventStore() })) it(title, run);
 */
export function eventStoreContract(setup: EventStoreContractSetup): readonly EventStoreContractCase[] {
  return ALL.map((benchCase) => ({ title: benchCase.title, run: () => runCase(benchCase, setup) }));
}

async function runCase(benchCase: EventStoreBenchCase, { store, patienceMs }: EventStoreContractSetup): Promise<void> {
  const bench = await EventStoreBench.open(store, patienceMs ?? 20_000);
  try {
    await benchCase.run(bench);
  } finally {
    await bench.close();
  }
}
