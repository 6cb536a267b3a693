/** Nanoseconds per message: the median of all rounds. */
export interface MedianTimes {
  of(side: string, scenario: string): number;
  /** Which share of the answers never came. */
  lostShare(side: string, scenario: string): number;
}

/** One comparison; times are per message. */
export interface Row {
  readonly name: string;
  /** What `ours` and `peer` are given in, and which way the ratio goes. */
  readonly unit: string;
  readonly ours: number;
  /** Null where there is nothing to compare with. */
  readonly peer: number | null;
  readonly peerName: string;
  readonly ratio: number | null;
}

/** A process that measures; `child.ts` knows what it loads. */
export interface MeasuringProcess {
  readonly side: string;
  /** Which of the side's applications it runs: an application is never alone with what another one switches on. */
  readonly application: string;
}

/** What runs and what is compared. */
export interface Suite {
  /** What the figures are, as the heading of the table says it. */
  readonly measures: string;
  readonly defaultRounds: number;
  /** Rounds that are run first and not counted: the compiler is at work in them. */
  readonly warmUpRounds: number;
  readonly processes: readonly MeasuringProcess[];
  rows(times: MedianTimes): readonly Row[];
  /** What is measured once, after the rounds. */
  moreRows?(): Promise<readonly Row[]>;
}

/** For suites whose messages stay in one process. */
export const PROCESSOR_TIME = {
  measures: 'processor time per message, in nanoseconds',
  defaultRounds: 21,
  warmUpRounds: 4,
} as const;

/** What a row compares. */
export interface Comparison {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
}

/** How many times faster we are: above 1 is faster. */
export function speedRow({ name, ours, peer, peerName }: Comparison): Row {
  return { name, unit: 'ns per message; ratio = peer / ours', ours, peer, peerName, ratio: peer / ours };
}

/** How many times as much we cost: 1 is as much. */
export function costRow({ name, ours, peer, peerName }: Comparison): Row {
  return { name, unit: 'ns per message; ratio = ours / peer', ours, peer, peerName, ratio: ours / peer };
}

/** How many messages a second pass, from nanoseconds per message: a ratio above 1 is faster. */
export function rateRow({
  name,
  ours,
  peer,
  peerName = '',
}: Partial<Comparison> & Pick<Comparison, 'name' | 'ours'>): Row {
  const unit = 'messages per second; ratio = ours / peer';
  if (peer === undefined) return { name, unit, ours: 1e9 / ours, peer: null, peerName, ratio: null };
  return { name, unit, ours: 1e9 / ours, peer: 1e9 / peer, peerName, ratio: peer / ours };
}
