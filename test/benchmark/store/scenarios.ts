import { randomUUID } from 'node:crypto';

import { orders, type OrderData } from '../queue/orders.js';
import type { Measurement } from '../scenario.js';
import type { StoreSide } from './side.js';

/** How many events a stream gets that is appended to one by one. */
const STREAM_LENGTH = 10;
const STREAMS_IN_TURN = 60;
const AT_ONCE = 200;
const BURSTS = 4;
/** How many events one append of several has. */
const SEVERAL = 5;
/** The length of the stream that is read. */
export const LONG_STREAM = 10_000;
const APPENDED_AT_ONCE = 1000;

/** The names of the scenarios, which say what is measured. */
export const NAMES = {
  inTurn: 'append, one by one',
  severalInTurn: `append ${SEVERAL} events, one by one`,
  atOnce: `append, ${AT_ONCE} at once`,
  projected: 'append with a projection inline, one by one',
  read: `read a stream of ${LONG_STREAM} events`,
  readWithSnapshot: `read a stream of ${LONG_STREAM} events, with a snapshot`,
} as const;

/** The scenarios of one side. Times are per event for appends and whole streams, per stream where there is a snapshot. */
export function storeScenarios(side: StoreSide): readonly Measurement[] {
  const [one, several] = [orders(1), orders(SEVERAL)];
  const { readWithSnapshot, appendProjected } = side;
  return [
    { name: NAMES.inTurn, measure: () => appendInTurn(side, one) },
    { name: NAMES.severalInTurn, measure: () => appendInTurn(side, several) },
    { name: NAMES.atOnce, measure: () => appendAtOnce(side, one) },
    ...(appendProjected === undefined ? [] : [projectedScenario(appendProjected)]),
    reading(NAMES.read, side, side.read.bind(side), LONG_STREAM),
    ...(readWithSnapshot === undefined
      ? []
      : [reading(NAMES.readWithSnapshot, side, (stream) => readWithSnapshot(stream), 1)]),
  ];
}

/** Appends with a row for each stream that counts the lines of its events. */
export function projectedScenario(append: StoreSide['append']): Measurement {
  const events = orders(1);
  return { name: NAMES.projected, measure: () => appendInTurn({ append }, events) };
}

/** @returns nanoseconds per event */
async function appendInTurn(side: Pick<StoreSide, 'append'>, events: readonly OrderData[]): Promise<number> {
  const streams = Array.from({ length: STREAMS_IN_TURN }, () => `order-${randomUUID()}`);
  return timed(STREAMS_IN_TURN * STREAM_LENGTH * events.length, async () => {
    for (const stream of streams) {
      for (let nth = 0; nth < STREAM_LENGTH; nth += 1) await side.append(stream, events, nth * events.length);
    }
  });
}

/** Every append has a stream of its own. */
async function appendAtOnce(side: StoreSide, events: readonly OrderData[]): Promise<number> {
  return timed(AT_ONCE * BURSTS, async () => {
    for (let burst = 0; burst < BURSTS; burst += 1) {
      const streams = Array.from({ length: AT_ONCE }, () => `order-${randomUUID()}`);
      await Promise.all(streams.map((stream) => side.append(stream, events, 0)));
    }
  });
}

function reading(
  name: string,
  side: StoreSide,
  read: (stream: string) => Promise<number>,
  perReading: number,
): Measurement {
  let prepared: Promise<string> | undefined;
  return {
    name,
    async measure() {
      const stream = await (prepared ??= longStream(side, read));
      return timed(perReading, () => checked(read(stream)));
    },
  };
}

async function longStream(side: StoreSide, read: (stream: string) => Promise<number>): Promise<string> {
  const stream = `order-${randomUUID()}`;
  const events = orders(APPENDED_AT_ONCE);
  for (let version = 0; version < LONG_STREAM; version += APPENDED_AT_ONCE) await side.append(stream, events, version);
  // Where there are snapshots, the first reading takes one.
  await checked(read(stream));
  return stream;
}

async function checked(counting: Promise<number>): Promise<void> {
  const lines = await counting;
  if (lines !== LONG_STREAM * 2) throw new Error(`${lines} lines were read, not ${LONG_STREAM * 2}`);
}

/** @returns nanoseconds for each of so many things, on the clock: the server works too */
async function timed(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return ((performance.now() - startedAtMs) * 1e6) / count;
}
