import { createRequire } from 'node:module';

import { rateRow, type MedianTimes, type Row, type Suite } from '../suite.js';
import { replayRows } from './replay-rows.js';
import { NAMES } from './scenarios.js';

const APPENDS = [NAMES.inTurn, NAMES.severalInTurn, NAMES.atOnce] as const;

/** Events in Postgres; each side has tables of its own on one server. */
export function storeSuite(replayedEvents: number): Suite {
  return {
    measures: 'events per second; with a snapshot, streams per second',
    defaultRounds: 15,
    warmUpRounds: 5,
    processes: ['ours', 'projected', 'bare', 'emmett'].map((side) => ({ side, application: '' })),
    rows: (times) => [
      ...APPENDS.flatMap((name) => [bareRow(name, times), emmettRow(name, times)]),
      bareRow(NAMES.projected, times, 'projected'),
      bareRow(NAMES.read, times),
      emmettRow(NAMES.read, times),
      bareRow(NAMES.readWithSnapshot, times),
    ],
    moreRows: () => replayRows(replayedEvents),
  };
}

function bareRow(name: string, times: MedianTimes, side = 'ours'): Row {
  return rateRow({ name, ours: times.of(side, name), peer: times.of('bare', name), peerName: 'bare SQL' });
}

function emmettRow(name: string, times: MedianTimes): Row {
  const [ours, peer] = [times.of('ours', name), times.of('emmett', name)];
  return rateRow({ name, ours, peer, peerName: emmettName() });
}

function emmettName(): string {
  const main = createRequire(import.meta.url).resolve('@event-driven-io/emmett-postgresql');
  const { version } = createRequire(main)('../package.json') as { version: string };
  return `emmett-postgresql ${version}`;
}
