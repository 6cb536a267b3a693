import type { JournalLine } from '../processes/journal.js';
import type { ChaosEvent } from './programs/events.js';

/** A worker that ended, or was stopped. */
export interface Gone {
  readonly by: string;
  readonly at: number;
  /** When it went on; undefined for one that ended. */
  readonly backAt?: number;
}

/** A time in which a worker was at work. */
interface Shift {
  readonly from: number;
  readonly to: number;
}

/** What became of the messages that a killed worker had in hand. */
export interface Recovery {
  readonly kill: Gone;
  /**
   * From the kill to the moment the last of them was handled, in milliseconds, without the time in which no worker was at
   * work; undefined where one is still to come.
   */
  readonly ms: number | undefined;
  /** How many messages others took over. */
  readonly count: number;
}

type Line = JournalLine<ChaosEvent>;

/** Which settlements say that the store hands the message out again. */
const COMES_AGAIN: ReadonlySet<string | undefined> = new Set(['retry', 'giveBack']);
/** What says that a message is being handled, or that its handler need not run again. */
const HANDLED: ReadonlySet<ChaosEvent> = new Set(['started', 'settled', 'parked', 'struck']);

/**
 * How long each killed worker's messages waited. Where the one that takes a message over is killed or stopped itself before
 * it begins, the wait ends there: what follows is that one's.
 *
 * @param kills the workers that were killed
 * @param others those that ended in another way, or were stopped
 */
export function recoveriesOf(
  lines: readonly Line[],
  kills: readonly Gone[],
  others: readonly Gone[],
): readonly Recovery[] {
  const gone = [...kills, ...others];
  const shifts = shiftsOf(lines, gone);
  const ofMessage = new Map<string, Line[]>();
  for (const line of lines) {
    const story = ofMessage.get(line.id);
    if (story === undefined) ofMessage.set(line.id, [line]);
    else story.push(line);
  }
  return kills.map((kill) => {
    const waits = [...ofMessage.values()].flatMap((story) => waitOf(story, kill, { gone, shifts }));
    const open = waits.some((ms) => ms === undefined);
    return { kill, count: waits.length, ms: open ? undefined : Math.max(0, ...waits.map((ms) => ms ?? 0)) };
  });
}

/** Nothing where the killed worker did not have the message in hand. */
function waitOf(
  story: readonly Line[],
  { by, at }: Gone,
  { gone, shifts }: { readonly gone: readonly Gone[]; readonly shifts: readonly Shift[] },
): readonly (number | undefined)[] {
  const held = story.findLastIndex((line) => line.event === 'fetched' && line.at <= at);
  const fetched = story[held];
  if (fetched === undefined || fetched.by !== by) return [];
  const settled = story.find((line, index) => index > held && line.by === by && isSettlement(line));
  if (COMES_AGAIN.has(settled?.detail)) return [];
  const taken = story.findIndex((line, index) => index > held && line.event === 'fetched' && line.by !== by);
  const taker = story[taken];
  if (taker === undefined) return settled === undefined ? [undefined] : [];
  const handled = story.find((line, index) => index > taken && line.by === taker.by && HANDLED.has(line.event));
  const cutOff = cutOffOf(
    story.slice(0, taken),
    taker,
    gone.filter((each) => each.at > at),
  );
  const isCutOff = cutOff !== undefined && (handled === undefined || handled.at > cutOff);
  const end = isCutOff ? cutOff : handled?.at;
  return [end === undefined ? undefined : coveredMs({ from: at, to: end }, shifts)];
}

/**
 * When the one that took a message over was gone itself. An attempt that nobody wrote of was one whose worker was gone before
 * it could.
 */
function cutOffOf(before: readonly Line[], taker: Line, gone: readonly Gone[]): number | undefined {
  const attempt = Math.max(...before.map((line) => line.attempt ?? 0));
  const isUnwritten = (taker.attempt ?? 0) > attempt + 1;
  const candidates = isUnwritten ? gone : gone.filter((each) => each.by === taker.by && each.at >= taker.at);
  return candidates.length === 0 ? undefined : Math.min(...candidates.map((each) => each.at));
}

function shiftsOf(lines: readonly Line[], gone: readonly Gone[]): readonly Shift[] {
  const ready = lines.filter(({ event, by }) => event === 'ready' && by.startsWith('worker'));
  return ready.flatMap(({ by, at }) => {
    const breaks = gone.filter((each) => each.by === by).toSorted((one, other) => one.at - other.at);
    const starts = [at, ...breaks.flatMap(({ backAt }) => backAt ?? [])];
    return starts.map((from) => ({ from, to: breaks.find((each) => each.at >= from)?.at ?? Infinity }));
  });
}

/** How much of a time is covered by shifts, in milliseconds. */
function coveredMs({ from, to }: Shift, shifts: readonly Shift[]): number {
  let covered = 0;
  let reached = from;
  for (const shift of shifts.toSorted((one, other) => one.from - other.from)) {
    const begin = Math.max(reached, shift.from);
    const end = Math.min(to, shift.to);
    if (end <= begin) continue;
    covered += end - begin;
    reached = end;
  }
  return covered;
}

function isSettlement({ event }: Line): boolean {
  return event === 'settled' || event === 'parked';
}

/** The middle of the numbers; 0 for none. */
export function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
