import { describe, expect, it } from '@jest/globals';

import type { JournalLine } from '../processes/journal.js';
import type { Plan, Stream } from './plan.js';
import type { ChaosEvent } from './programs/events.js';
import { reportOf, type Evidence } from './report.js';

const LOCK_MS = 1000;

const KEYED: Stream = { name: 'key0', of: 'idempotent', isKeyed: true, count: 3, poison: [3] };
const FREE: Stream = { name: 'free0', of: 'plain', isKeyed: false, count: 3, poison: [] };
const PLAN: Plan = { seed: 1, streams: [KEYED, FREE], faults: [], lurking: [] };
/** At work before everything else. */
const READY = ['ready - w1 0', 'ready - w2 0'];

describe('the report of a run', () => {
  it('has no problem with what is handled once and in order, parked as expected, or repeated without care', () => {
    const report = reportFor({
      lines: [
        'acknowledged key0-1 s 1',
        'acknowledged key0-3 s 1',
        'acknowledged free0-1 s 1',
        ...ran('key0-1', 'w1', 2),
      ],
      effects: ['key0-1', 'free0-1', 'free0-1'],
      parked: ['key0-3'],
    });
    expect(report).toMatchObject({ problems: [], sent: 3, lost: 0, deadLettersExpected: 1, deadLettersFound: 1 });
    expect(report.plain).toMatchObject({ effects: 2, duplicateEffects: 1 });
    expect(report.idempotent).toMatchObject({ runs: 1, failedRuns: 0, repeatedRuns: 0, duplicateEffects: 0 });
  });

  it.each([
    ['is lost', { lines: ['acknowledged free0-1 s 1'] }, 'free0-1 was acknowledged, had no effect and is not parked'],
    ['has its effect twice', { effects: ['key0-1', 'key0-1'] }, 'key0-1 had its effect again'],
    [
      'starts before its predecessor is over',
      { lines: ['started key0-1 w1 1', 'started key0-2 w1 2'] },
      'key0-2 started',
    ],
    ['has its effect late', { effects: ['key0-2', 'key0-1'] }, 'key0-1 had its effect after a later message'],
    ['is not parked', { lines: ['acknowledged key0-3 s 1'], effects: ['key0-3'] }, 'key0-3 should be a dead letter'],
    ['is parked', { parked: ['free0-1'] }, 'free0-1 should not be a dead letter'],
  ])('names a message that %s, where it should not', (_what, evidence, problem) => {
    expect(reportFor(evidence).problems.join('\n')).toContain(problem);
  });

  it('counts what starts out of turn in a worker that was stopped apart', () => {
    const lines = ['started key0-1 w1 1', 'started key0-2 w2 2'];
    const report = reportFor({ lines, stops: [{ by: 'worker-w2', at: 1, backAt: 2 }] });
    expect(report).toMatchObject({ disorder: 0, disorderAfterStop: 1, problems: [] });
  });

  it('tells runs and calls that were repeated from retries', () => {
    const lines = ['started', 'called', 'failed', 'started', 'called', 'started', 'called', 'done'];
    const { plain } = reportFor({ lines: lines.map((event, index) => `${event} free0-1 w1 ${index}`) });
    expect(plain).toMatchObject({ runs: 3, failedRuns: 1, repeatedRuns: 1, repeatedCalls: 2 });
  });
});

describe('the recovery after a kill', () => {
  const kills = [{ by: 'worker-w1', at: 100 }];

  it('ends when the last message that the worker had in hand is handled by another one', () => {
    const lines = [
      'fetched free0-1 w1 90',
      'fetched free0-2 w1 95',
      ...ran('free0-1', 'w2', 500),
      ...ran('free0-2', 'w2', 800),
    ];
    expect(reportFor({ lines, kills })).toMatchObject({ recoveryMaxMs: 700, takenOver: 2, problems: [] });
  });

  it('is a problem where it takes twice the time of a lock, or never ends', () => {
    const late = reportFor({ lines: ['fetched free0-1 w1 90', ...ran('free0-1', 'w2', 2100)], kills });
    expect(late.problems).toEqual(['what worker-w1 had in hand was handled 2000 ms after it was killed']);
    const never = reportFor({ lines: ['fetched free0-1 w1 90'], kills });
    expect(never.problems).toEqual(['what worker-w1 had in hand was handled never ms after it was killed']);
  });

  it('does not concern what the worker had settled, or given back', () => {
    const lines = [
      'fetched free0-1 w1 80',
      'settled free0-1 w1 90',
      'fetched free0-2 w1 80',
      'settled free0-2 w1 90 giveBack',
    ];
    expect(reportFor({ lines: [...lines, 'fetched free0-2 w2 5000'], kills })).toMatchObject({
      takenOver: 0,
      problems: [],
    });
  });

  it('ends where the one that takes over is killed itself, and leaves out the time in which nobody was at work', () => {
    const more = [...kills, { by: 'worker-w2', at: 400 }];
    const lines = ['fetched free0-1 w1 90', 'fetched free0-1 w2 390', 'ready - w3 9000', 'fetched free0-1 w3 9500'];
    const report = reportFor({ lines: [...lines, 'started free0-1 w3 9600'], kills: more });
    expect(report).toMatchObject({ recoveryMaxMs: 600, recoveryP50Ms: 300, problems: [] });
  });
});

interface Given extends Partial<Pick<Evidence, 'effects' | 'kills' | 'stops'>> {
  readonly lines?: readonly string[];
  readonly parked?: readonly string[];
}

function reportFor({
  lines = [],
  effects = [],
  parked = [],
  kills = [],
  stops = [],
}: Given): ReturnType<typeof reportOf> {
  return reportOf({
    plan: PLAN,
    lines: [...READY, ...lines].map((text) => line(text)),
    effects,
    parked: new Set(parked),
    kills,
    stops,
    ended: [],
    crashes: [],
    missed: [],
    lockMs: LOCK_MS,
  });
}

function ran(id: string, by: string, at: number): string[] {
  return ['fetched', 'started', 'done', 'settled'].map((event) => `${event} ${id} ${by} ${at}`);
}

/** `started key0-1 w1 12`: the event, the message, the worker, the time, and more about it. */
function line(text: string): JournalLine<ChaosEvent> {
  const [event, name = '', by = '', at, detail] = text.split(' ');
  const id = name === '-' ? '' : name;
  const [of = '', sequence] = id.split('-');
  return {
    // The tests above write events only.
    event: event as ChaosEvent,
    id,
    by: `worker-${by}`,
    at: Number(at),
    key: of === KEYED.name ? of : undefined,
    sequence: Number(sequence),
    detail,
  };
}
