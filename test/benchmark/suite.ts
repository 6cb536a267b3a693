/** Nanoseconds per message: the median of all rounds. */
export interface MedianTimes {
  of(side: string, scenario: string): number;
}

/** One comparison; times are per message. */
export interface Row {
  readonly name: string;
  /** What `ours` and `peer` are given in, and which way the ratio goes. */
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  readonly ratio: number;
}

/** A process that measures; `child.ts` knows what it loads. */
export interface MeasuringProcess {
  readonly side: string;
  /** Which of the side's applications it runs: an application is never alone with what another one switches on. */
  readonly application: string;
}

/** What runs and what is compared. */
export interface Suite {
  readonly processes: readonly MeasuringProcess[];
  rows(times: MedianTimes): readonly Row[];
}

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
