import type { ContextCase } from '../core/ours.js';
import { costRow, PROCESSOR_TIME, type MedianTimes, type Row, type Suite } from '../suite.js';
import { APPLICATIONS, HANDLERS, SOURCE_COUNTS } from './applications.js';

const CONTEXT_CASES: readonly ContextCase[] = ['ambient', 'kept', 'explicit'];
const PEER = 'JSON.parse';

/** Bytes taken in: the cost over parsing the same bytes, and how it grows with the number of sources. */
export const routerSuite: Suite = {
  ...PROCESSOR_TIME,
  processes: [
    ...CONTEXT_CASES.flatMap((side) => APPLICATIONS.map((application) => ({ side, application }))),
    { side: 'parse', application: '' },
  ],
  rows(times) {
    return CONTEXT_CASES.flatMap((context) => rowsOf(context, times));
  },
};

function rowsOf(context: ContextCase, times: MedianTimes): readonly Row[] {
  const rows: Row[] = [];
  for (const input of ['median', 'all'] as const) {
    const parse = times.of('parse', input);
    for (const handler of HANDLERS) {
      const costs = (count: number): number => times.of(context, `${input}, ${count}, ${handler}`);
      const label = `${context}: ${input === 'all' ? 'all payloads' : 'median payload'}, ${handler} handler`;
      for (const count of SOURCE_COUNTS) {
        rows.push(costRow({ name: `${label}, ${sources(count)}`, ours: costs(count), peer: parse, peerName: PEER }));
      }
      rows.push(costRow({ name: `${label}, ${sources(100)}`, ours: costs(100), peer: costs(1), peerName: '1 source' }));
    }
  }
  for (const count of SOURCE_COUNTS) {
    const ours = times.of(context, `unmatched 1 MB, ${count}`);
    const name = `${context}: unmatched 1 MB, ${sources(count)}`;
    rows.push(costRow({ name, ours, peer: times.of('parse', 'unmatched 1 MB'), peerName: PEER }));
  }
  return rows;
}

function sources(count: number): string {
  return count === 1 ? '1 source' : `${count} sources`;
}
