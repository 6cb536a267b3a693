import { createRequire } from 'node:module';

import { costRow, PROCESSOR_TIME, speedRow, type MedianTimes, type Row, type Suite } from '../suite.js';
import { APPLICATIONS } from './applications.js';
import type { ContextCase } from './ours.js';

const CONTEXT_CASES: readonly ContextCase[] = ['ambient', 'kept', 'explicit'];

const COMPARED: readonly { readonly name: string; readonly peer: string; readonly direct: string }[] = [
  { name: 'command', peer: 'command', direct: 'command' },
  { name: 'command, by CommandBus', peer: 'command', direct: 'command' },
  { name: 'query', peer: 'query', direct: 'query' },
  { name: 'publish', peer: 'publish', direct: 'publish' },
  { name: 'publish, 50 others', peer: 'publish, 50 others', direct: 'publish' },
  { name: 'publish to 10', peer: 'publish to 10', direct: 'publish to 10' },
];

/** Only where the context is kept does a handler read of it. */
const TRACING = { name: 'command, correlation id read', peer: 'command', direct: 'command' };

/** Objects sent inside one process. */
export const coreSuite: Suite = {
  ...PROCESSOR_TIME,
  processes: [
    ...['ambient', 'kept', 'explicit', 'cqrs'].flatMap((side) =>
      APPLICATIONS.map((application) => ({ side, application })),
    ),
    { side: 'direct', application: '' },
    { side: 'storage', application: '' },
  ],
  rows(times) {
    return CONTEXT_CASES.flatMap((context) => rowsOf(context, times));
  },
};

function rowsOf(context: ContextCase, times: MedianTimes): readonly Row[] {
  const compared = context === 'kept' ? [...COMPARED, TRACING] : COMPARED;
  const rows = compared.flatMap(({ name, peer, direct }) => {
    const ours = { name: `${context}: ${name}`, ours: times.of(context, name) };
    return [
      speedRow({ ...ours, peer: times.of('cqrs', peer), peerName: cqrsName() }),
      speedRow({ ...ours, peer: times.of('direct', direct), peerName: 'direct call' }),
    ];
  });
  const others = {
    name: `${context}: publish, 50 others`,
    ours: times.of(context, 'publish, 50 others'),
    peer: times.of(context, 'publish'),
    peerName: 'ours, no others',
  };
  const inStorage = context === 'kept' ? ['command', 'query'].map((name) => storageRow(name, times)) : [];
  return [...rows, ...inStorage, costRow(others)];
}

/** How much of the cost of an ambient context is Node's own. */
function storageRow(name: string, times: MedianTimes): Row {
  return speedRow({
    name: `kept: ${name}`,
    ours: times.of('kept', name),
    peer: times.of('storage', name),
    peerName: 'AsyncLocalStorage#run',
  });
}

function cqrsName(): string {
  const { version } = createRequire(import.meta.url)('@nestjs/cqrs/package.json') as { version: string };
  return `@nestjs/cqrs ${version}`;
}
