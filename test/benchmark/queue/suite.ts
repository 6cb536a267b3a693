import { createRequire } from 'node:module';

import { rateRow, type MedianTimes, type Row, type Suite } from '../suite.js';
import { heapRows } from './heap-rows.js';
import type { ContextCase } from './ours.js';
import { LANES, NAMES } from './scenarios.js';
import type { QueueBackendName } from './side.js';

const CONTEXT_CASES: readonly ContextCase[] = ['ambient', 'explicit'];

/** A scenario, and what of BullMQ does the same. */
interface Comparison {
  readonly name: string;
  readonly peer: string;
  readonly peerScenario?: string;
}

/** What one row is about. */
interface Compared {
  readonly backend: QueueBackendName;
  readonly context: ContextCase;
  readonly comparison: Comparison;
}

const COMPARED: readonly Comparison[] = [
  { name: NAMES.sendInTurn, peer: 'queue.add' },
  { name: NAMES.sendAtOnce, peer: 'Promise.all of queue.add' },
  { name: NAMES.sendAtOnce, peer: 'queue.addBulk', peerScenario: NAMES.sendBulk },
  { name: NAMES.process, peer: 'Worker' },
  { name: NAMES.processInTurn, peer: 'Worker' },
  { name: NAMES.requestInTurn, peer: 'waitUntilFinished' },
  { name: NAMES.requestAtOnce, peer: 'waitUntilFinished' },
  ...LANES.map((lanes) => ({ name: NAMES.keyed(lanes), peer: `Worker, no keys, concurrency ${lanes}` })),
];

/** Messages through one queue backend, each round on a queue of its own. */
export function queueSuite(backend: QueueBackendName): Suite {
  const shared = { measures: 'messages per second', defaultRounds: 7, warmUpRounds: 2 };
  if (backend !== 'memory') {
    return {
      ...shared,
      processes: [...CONTEXT_CASES, 'raw'].map((side) => ({ side, application: backend })),
      rows: (times) =>
        CONTEXT_CASES.flatMap((context) =>
          COMPARED.map((comparison) => comparedRow({ backend, context, comparison }, times)),
        ),
    };
  }
  const names = [...new Set(COMPARED.map(({ name }) => name))];
  return {
    ...shared,
    processes: CONTEXT_CASES.map((side) => ({ side, application: backend })),
    rows: (times) =>
      CONTEXT_CASES.flatMap((context) =>
        names.map((name) => rateRow({ name: `${backend}, ${context}: ${name}`, ours: times.of(context, name) })),
      ),
    moreRows: heapRows,
  };
}

function comparedRow({ backend, context, comparison }: Compared, times: MedianTimes): Row {
  const { name, peer, peerScenario = name } = comparison;
  const lost = times.lostShare('raw', peerScenario);
  return rateRow({
    name: `${backend}, ${context}: ${name}`,
    ours: times.of(context, name),
    peer: times.of('raw', peerScenario),
    peerName: `${bullmqName()}: ${peer}${lost > 0 ? `, ${(lost * 100).toFixed(1)} % lost` : ''}`,
  });
}

function bullmqName(): string {
  const { version } = createRequire(import.meta.url)('bullmq/package.json') as { version: string };
  return `BullMQ ${version}`;
}
