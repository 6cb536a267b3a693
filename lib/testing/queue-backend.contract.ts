import type { QueueBackendFactory, QueueFeature } from '../run-modes/queue/queue-backend.port.js';
import { Bench, type BenchCase } from './queue-contract/bench.js';
import { deduplicationCases } from './queue-contract/deduplication.js';
import { keyCases } from './queue-contract/keys.js';
import { limitCases, orderCases } from './queue-contract/order.js';
import { parkingCases } from './queue-contract/parking.js';
import { readingCases } from './queue-contract/reading.js';
import { cancellingCases, replyingCases } from './queue-contract/replying.js';
import { retentionCases } from './queue-contract/retention.js';
import { scheduleCases } from './queue-contract/schedules.js';
import { settlingCases } from './queue-contract/settling.js';
import { stoppingCases } from './queue-contract/stopping.js';
import { storingCases } from './queue-contract/storing.js';

/** What the contract suite is run on. */
export interface QueueContractSetup {
  /**
   * Makes the factory of one case. All backends created by it work on one store, at the same time and one after the other,
   * where the backend is `shared` or `durable`. The queues of a case have names of their own, so stores may be used again.
   */
  readonly factory: () => QueueBackendFactory | Promise<QueueBackendFactory>;
  /** Takes why a case is not run. Default: a line on standard error. */
  readonly skipped?: (title: string, reason: string) => void;
  /** How long a case waits for what must come, in milliseconds, each time anew. Default 20 000. */
  readonly patienceMs?: number;
}

/** One expectation that every queue backend meets. */
export interface QueueContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** The features without which the case is not run. */
  readonly needs: readonly QueueFeature[];
  /** @throws AssertionError where the backend does not meet the expectation */
  run(): Promise<void>;
}

const ALL: readonly BenchCase[] = [
  ...storingCases,
  ...deduplicationCases,
  ...orderCases,
  ...limitCases,
  ...settlingCases,
  ...readingCases,
  ...replyingCases,
  ...cancellingCases,
  ...keyCases,
  ...stoppingCases,
  ...scheduleCases,
  ...retentionCases,
  ...parkingCases,
];

/**
 * What every `QueueBackend` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * for (const { title, run } of queueBackendContract({ factory: () => inMemoryQueue() })) it(title, run);
 */
export function queueBackendContract(setup: QueueContractSetup): readonly QueueContractCase[] {
  return ALL.map((benchCase) => {
    const { title, needs = [] } = benchCase;
    return { title, needs, run: () => runCase(benchCase, setup) };
  });
}

async function runCase(benchCase: BenchCase, setup: QueueContractSetup): Promise<void> {
  const bench = new Bench(await setup.factory(), setup.patienceMs ?? 20_000);
  const { features } = bench;
  const missing = (benchCase.needs ?? []).filter((feature) => !features.has(feature));
  if (missing.length > 0) {
    const skipped = setup.skipped ?? printSkipped;
    skipped(benchCase.title, `the backend does not declare ${missing.join(', ')}`);
    return;
  }
  try {
    await benchCase.run(bench);
  } catch (error) {
    // What the case found says more than that handlers it left behind keep the backend from closing.
    await bench.close().catch(() => undefined);
    throw bench.broken[0] ?? error;
  }
  await bench.close();
  if (bench.broken.length > 0) throw bench.broken[0];
}

function printSkipped(title: string, reason: string): void {
  process.stderr.write(`Not run: "${title}": ${reason}.\n`);
}
