import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { MeasuringProcess, MedianTimes } from './suite.js';

/** What the parent asks a process. */
export interface Question {
  readonly scenario: string;
  readonly sliceMs: number;
}

/** What a process answers: what it has, once it is ready, then a time for each question. */
export type Answer =
  | { readonly scenarios: readonly string[] }
  | { readonly nsPerMessage: number; readonly lostShare: number }
  | { readonly error: string };

/** How long one measurement may take: the longest takes some seconds. */
const ANSWER_WITHIN_MS = 120_000;

/** How long to measure. */
export interface RunOptions {
  readonly rounds: number;
  readonly warmUpRounds: number;
  readonly sliceMs: number;
  progress(text: string): void;
}

/**
 * Measures every scenario in every process that has it, taking turns: only one process runs at a time, and what disturbs
 * the machine for a while disturbs all alike.
 */
export async function runProcesses(
  suite: string,
  processes: readonly MeasuringProcess[],
  options: RunOptions,
): Promise<MedianTimes> {
  const children = processes.map((process) => new Child(suite, process));
  try {
    for (const child of children) await child.ready();
    const scenarios = [...new Set(children.flatMap((child) => [...child.scenarios]))];
    for (let round = -options.warmUpRounds; round < options.rounds; round += 1) {
      options.progress(`${suite}: round ${Math.max(0, round + 1)} of ${options.rounds}`);
      for (const scenario of scenarios) {
        for (const child of rotated(children, round + options.warmUpRounds)) {
          await child.measure(scenario, options.sliceMs, round >= 0);
        }
      }
    }
  } finally {
    for (const child of children) child.stop();
  }
  return {
    of: (side, scenario) => {
      const times = children.find((child) => child.process.side === side && child.times.has(scenario));
      return median(times?.times.get(scenario) ?? []);
    },
    lostShare: (side, scenario) => children.find((child) => child.process.side === side)?.lostShares.get(scenario) ?? 0,
  };
}

/** A process that measures the scenarios of one application of one side. */
class Child {
  readonly times = new Map<string, number[]>();
  readonly lostShares = new Map<string, number>();
  scenarios: ReadonlySet<string> = new Set();
  private readonly child: ChildProcess;
  private readonly started: Promise<Answer>;

  constructor(
    suite: string,
    readonly process: MeasuringProcess,
  ) {
    const program = fileURLToPath(new URL('./child.js', import.meta.url));
    this.child = fork(program, [`${suite}/${process.side}`, process.application]);
    this.started = this.answer();
  }

  async ready(): Promise<void> {
    const answer = await this.started;
    if ('error' in answer) throw new Error(`"${this.process.side}" did not start: ${answer.error}`);
    if ('scenarios' in answer) this.scenarios = new Set(answer.scenarios);
  }

  async measure(scenario: string, sliceMs: number, isCounted: boolean): Promise<void> {
    if (!this.scenarios.has(scenario)) return;
    const question: Question = { scenario, sliceMs };
    this.child.send(question);
    const answer = await this.answer();
    if ('error' in answer) throw new Error(`"${this.process.side}" failed: ${answer.error}`);
    if (!isCounted || !('nsPerMessage' in answer)) return;
    const times = this.times.get(scenario) ?? [];
    times.push(answer.nsPerMessage);
    this.times.set(scenario, times);
    this.lostShares.set(scenario, answer.lostShare);
  }

  stop(): void {
    this.child.kill();
  }

  private async answer(): Promise<Answer> {
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      return await Promise.race([
        once(this.child, 'message', { signal }).then(([answer]) => answer as Answer),
        once(this.child, 'exit', { signal }).then(([code]) => ({ error: `the process ended with code ${code}` })),
        delay(ANSWER_WITHIN_MS, { error: `no answer within ${ANSWER_WITHIN_MS} ms` }, { signal }),
      ]);
    } finally {
      waiting.abort();
    }
  }
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}
