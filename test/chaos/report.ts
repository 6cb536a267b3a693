import type { JournalLine } from '../processes/journal.js';
import { disorderIn } from '../processes/order.js';
import type { Plan, Stream } from './plan.js';
import type { ChaosEvent } from './programs/events.js';
import { medianOf, recoveriesOf, type Gone } from './recovery.js';

/** What is known at the end of a run. */
export interface Evidence {
  readonly plan: Plan;
  readonly lines: readonly JournalLine<ChaosEvent>[];
  /** The ids of the messages whose handlers had an effect, once for each effect, in the order they had it. */
  readonly effects: readonly string[];
  readonly parked: ReadonlySet<string>;
  /** Workers that were killed, that were stopped, and that were told to end. */
  readonly kills: readonly Gone[];
  readonly stops: readonly Gone[];
  readonly ended: readonly Gone[];
  /** What ended though nobody ended it, and faults that did not come about. */
  readonly crashes: readonly string[];
  readonly missed: readonly string[];
  readonly lockMs: number;
}

/** What happened to the messages of one kind of handler. */
export interface HandlerCounts {
  readonly runs: number;
  readonly failedRuns: number;
  /** Beyond one for each message and one for each failure. */
  readonly repeatedRuns: number;
  /** Calls of the outside world, which keeps no account of them, beyond one for each message. */
  readonly repeatedCalls: number;
  readonly effects: number;
  readonly duplicateEffects: number;
}

/** What one run came to, in numbers. */
export interface Report {
  readonly seed: number;
  readonly sent: number;
  readonly lost: number;
  readonly plain: HandlerCounts;
  readonly idempotent: HandlerCounts;
  /** Handlers that started out of turn in a worker that was never stopped, and in one that was. */
  readonly disorder: number;
  readonly disorderAfterStop: number;
  /** Effects that came after the effect of a later message of their key, first effects only. */
  readonly effectDisorder: number;
  readonly deadLettersExpected: number;
  readonly deadLettersFound: number;
  readonly kills: number;
  readonly takenOver: number;
  readonly recoveryP50Ms: number;
  readonly recoveryMaxMs: number;
  readonly missed: readonly string[];
  /** The promises that were broken; none where all were kept. */
  readonly problems: readonly string[];
}

/** Compares what happened with what is promised. */
export function reportOf(evidence: Evidence): Report {
  const { plan, lines, effects, parked, kills, stops, missed, lockMs } = evidence;
  const sent = new Set(lines.flatMap(({ event, id }) => (event === 'acknowledged' ? [id] : [])));
  const had = new Set(effects);
  const lost = [...sent].filter((id) => !had.has(id) && !parked.has(id));
  const disorder = disorderIn(lines);
  const stopped = new Set(stops.map(({ by }) => by));
  const afterStop = disorder.filter(({ line }) => stopped.has(line.by));
  const others = disorder.filter(({ line }) => !stopped.has(line.by));
  const expected = plan.streams.flatMap(poisonOf).filter((id) => sent.has(id));
  const recoveries = recoveriesOf(lines, kills, [...stops, ...evidence.ended]);
  const waits = recoveries.flatMap(({ ms, count }) => (ms === undefined || count === 0 ? [] : [ms]));
  const idempotent = countsOf(plan, 'idempotent', evidence);
  const lateEffects = lateEffectsIn(effects, plan.streams);
  const report = {
    seed: plan.seed,
    sent: sent.size,
    lost: lost.length,
    plain: countsOf(plan, 'plain', evidence),
    idempotent,
    disorder: others.length,
    disorderAfterStop: afterStop.length,
    effectDisorder: lateEffects.length,
    deadLettersExpected: expected.length,
    deadLettersFound: parked.size,
    kills: kills.length,
    takenOver: recoveries.reduce((total, { count }) => total + count, 0),
    recoveryP50Ms: medianOf(waits),
    recoveryMaxMs: Math.max(0, ...waits),
    missed,
  };
  const problems = [
    ...lost.map((id) => `${id} was acknowledged, had no effect and is not parked`),
    ...duplicatesOf(plan, 'idempotent', effects).map((id) => `${id} had its effect again`),
    ...others.map(({ line, latest }) => `${line.id} started at ${line.by} when ${line.key}-${latest} was the latest`),
    ...lateEffects.map((id) => `${id} had its effect after a later message of its key`),
    ...expected.filter((id) => !parked.has(id)).map((id) => `${id} should be a dead letter`),
    ...[...parked].filter((id) => !expected.includes(id)).map((id) => `${id} should not be a dead letter`),
    ...recoveries
      .filter(({ ms }) => ms === undefined || ms >= 2 * lockMs)
      .map(({ kill, ms }) => `what ${kill.by} had in hand was handled ${ms ?? 'never'} ms after it was killed`),
    ...evidence.crashes,
  ];
  return { ...report, problems };
}

function countsOf({ streams }: Plan, of: Stream['of'], { lines, effects }: Evidence): HandlerCounts {
  const isOurs = membersOf(streams, of);
  const ours = lines.filter(({ id }) => isOurs(id));
  const runs = countEach(ours, 'started');
  const failures = countEach(ours, 'failed');
  const calls = countEach(ours, 'called');
  const had = effects.filter(isOurs);
  const repeated = [...runs].map(([id, count]) => Math.max(0, count - (failures.get(id) ?? 0) - 1));
  return {
    runs: totalOf([...runs.values()]),
    failedRuns: totalOf([...failures.values()]),
    repeatedRuns: totalOf(repeated),
    repeatedCalls: totalOf([...calls.values()].map((count) => count - 1)),
    effects: had.length,
    duplicateEffects: had.length - new Set(had).size,
  };
}

function duplicatesOf({ streams }: Plan, of: Stream['of'], effects: readonly string[]): readonly string[] {
  const isOurs = membersOf(streams, of);
  return effects.filter((id, index) => isOurs(id) && effects.indexOf(id) !== index);
}

function lateEffectsIn(effects: readonly string[], streams: readonly Stream[]): readonly string[] {
  const keys = new Set(streams.flatMap(({ isKeyed, name }) => (isKeyed ? [name] : [])));
  const latest = new Map<string, number>();
  return [...new Set(effects)].filter((id) => {
    const { name, sequence } = partsOf(id);
    if (!keys.has(name)) return false;
    const before = latest.get(name) ?? 0;
    latest.set(name, Math.max(before, sequence));
    return sequence < before;
  });
}

function membersOf(streams: readonly Stream[], of: Stream['of']): (id: string) => boolean {
  const names = new Set(streams.flatMap((stream) => (stream.of === of ? [stream.name] : [])));
  return (id) => names.has(partsOf(id).name);
}

/** The ids of the messages of a stream that end as dead letters. */
export function poisonOf({ name, poison }: Stream): readonly string[] {
  return [...new Set(poison)].map((sequence) => `${name}-${sequence}`);
}

function partsOf(id: string): { readonly name: string; readonly sequence: number } {
  const [name = '', sequence] = id.split('-');
  return { name, sequence: Number(sequence) };
}

function countEach(lines: readonly JournalLine<ChaosEvent>[], event: ChaosEvent): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) if (line.event === event) counts.set(line.id, (counts.get(line.id) ?? 0) + 1);
  return counts;
}

function totalOf(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
