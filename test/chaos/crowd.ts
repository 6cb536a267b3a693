import { Journal } from '../processes/journal.js';
import type { Programs, ProgramProcess } from '../processes/programs.js';
import { until } from '../processes/until.js';
import type { Plan } from './plan.js';
import type { ChaosEvent } from './programs/events.js';
import type { Agreement, Allowance, SenderConfig, WorkerConfig } from './programs/setup.js';
import type { Strike } from './programs/strikes.js';
import type { Gone } from './recovery.js';

const WORKER_COUNT = 3;
const SENDER_COUNT = 2;
/** With how many messages in hand a worker is busy. */
const BUSY_COUNT = 2;
/** How long all of them may take to start, on a machine that has other things to do. */
const START_TIMEOUT_MS = 120_000;

/** The workers and senders of a run. Each one that ends is replaced when it is looked at. */
export class Crowd {
  readonly journal: Journal<ChaosEvent>;
  /** Processes that nobody ended. */
  readonly crashes: string[] = [];
  /** Workers that were killed from outside; those that killed themselves say so in the journal. */
  private readonly killed: Gone[] = [];
  /** Workers that were told to end. */
  readonly ended: Gone[] = [];
  private workers: ProgramProcess[] = [];
  private readonly senders: ProgramProcess[] = [];
  private readonly expected = new Set<string>();
  /** What every worker is to be told at its start. */
  private lurking: readonly Strike[] = [];
  private readonly armed = new Map<string, readonly Strike[]>();
  private share = 0;
  /** A process that finds no store at its start ends, and is started again, as a supervisor would. */
  private storeKilledAt = -Infinity;
  private readonly startedAt = new Map<string, number>();
  private startedCount = 0;

  constructor(
    private readonly programs: Programs,
    private readonly agreement: Agreement,
    private readonly plan: Plan,
    private readonly folder: string,
  ) {
    this.journal = new Journal(folder);
  }

  /** Starts everybody; resolves when they are at work. */
  async open(): Promise<void> {
    this.lurking = this.plan.lurking;
    for (let index = 0; index < WORKER_COUNT; index += 1) this.startWorker();
    for (let index = 0; index < SENDER_COUNT; index += 1) this.startSender(index);
    await until('all processes are ready', () => this.isComplete(), START_TIMEOUT_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.logs()}`, { cause: error });
    });
  }

  /** All kills of workers so far. */
  get kills(): readonly Gone[] {
    return [...this.journal.of('struck').map(({ by, at }) => ({ by, at })), ...this.killed];
  }

  /** The workers that are ready, whichever one is of that number first. */
  workersAtWork(target: number, except: ReadonlySet<string>): readonly ProgramProcess[] {
    const atWork = this.workers.filter((each) => !each.hasEnded && !except.has(each.name) && this.isReady(each));
    const first = target % Math.max(1, atWork.length);
    return [...atWork.slice(first), ...atWork.slice(0, first)];
  }

  /** Whether everybody is at work. */
  isComplete(): boolean {
    return [...this.workers, ...this.senders].every((each) => this.isReady(each));
  }

  /** Whether a worker has several messages in hand. */
  isBusy({ name }: ProgramProcess): boolean {
    const inHand = new Set<string>();
    for (const { by, event, id } of this.journal.lines()) {
      if (by !== name) continue;
      if (event === 'fetched') inHand.add(id);
      else if (event === 'settled' || event === 'parked') inHand.delete(id);
    }
    return inHand.size >= BUSY_COUNT;
  }

  sender(target: number): ProgramProcess {
    const chosen = this.senders[target % SENDER_COUNT];
    if (chosen === undefined) throw new Error('There is no sender.');
    return chosen;
  }

  /** Lets the senders send so much of each stream, from 0 to 1. */
  allow(share: number): void {
    this.share = share;
    const allowance: Allowance = { share };
    for (const sender of this.senders) sender.tell(allowance);
  }

  /** Has a worker end itself at a point; without one, takes back what was said before. */
  arm(worker: ProgramProcess, ...strikes: readonly Strike[]): void {
    this.armed.set(worker.name, strikes);
    worker.tell([...strikes, ...this.lurking]);
  }

  /** Ends a process from outside. */
  async kill(each: ProgramProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.expected.add(each.name);
    const gone = { by: each.name, at: Date.now() };
    if (signal === 'SIGTERM') this.ended.push(gone);
    else if (this.workers.includes(each)) this.killed.push(gone);
    await each.endBy(signal);
  }

  /** Takes note of a store that is about to be killed. */
  losesStore(): void {
    this.storeKilledAt = performance.now();
  }

  /** Takes note of who has ended, and starts others in their places. */
  look(): void {
    const struck = this.journal.of('struck');
    const met = this.lurking.filter(({ point }) => struck.some(({ detail }) => detail === point));
    if (met.length > 0) {
      this.lurking = this.lurking.filter((strike) => !met.includes(strike));
      for (const worker of this.workers) this.arm(worker, ...(this.armed.get(worker.name) ?? []));
    }
    const byItself = new Set(struck.map(({ by }) => by));
    for (const each of this.workers.filter(({ hasEnded }) => hasEnded)) {
      this.workers = this.workers.filter((other) => other !== each);
      this.blame(each, byItself);
      this.startWorker();
    }
    for (const [index, each] of this.senders.entries()) {
      if (!each.hasEnded) continue;
      this.blame(each, byItself);
      this.startSender(index);
    }
  }

  /** The strikes that nobody has come to. */
  get missed(): readonly Strike[] {
    return this.lurking;
  }

  /** Ends everybody. */
  async close(): Promise<void> {
    await Promise.all([...this.workers, ...this.senders].map((each) => each.endBy('SIGKILL')));
    this.journal.close();
  }

  /** The ends of what everybody wrote to their output. */
  logs(): string {
    return [...this.workers, ...this.senders].map((each) => `${each.name}:\n${each.logTail()}`).join('\n');
  }

  /** Whether a process is at work. */
  isReady({ name }: ProgramProcess): boolean {
    return this.journal.of('ready').some(({ by }) => by === name);
  }

  private blame(each: ProgramProcess, byItself: ReadonlySet<string>): void {
    if (this.expected.has(each.name) || byItself.has(each.name)) return;
    const isTurnedAway = !this.isReady(each) && (this.startedAt.get(each.name) ?? 0) < this.storeKilledAt;
    if (isTurnedAway) return;
    this.crashes.push(`${each.name} ended by itself (${each.end}):\n${each.logTail()}`);
  }

  private startWorker(): void {
    const config: WorkerConfig = { ...this.agreement, folder: this.folder, name: this.nameOf('worker') };
    const worker = this.programs.start('worker', config);
    this.arm(worker);
    this.workers.push(worker);
  }

  private startSender(index: number): void {
    const { share, agreement, folder, plan } = this;
    const sent: Record<string, number> = {};
    for (const { id } of this.journal.of('acknowledged')) {
      const [name = ''] = id.split('-');
      sent[name] = (sent[name] ?? 0) + 1;
    }
    const streams = plan.streams.filter((_stream, place) => place % SENDER_COUNT === index);
    const config: SenderConfig = { ...agreement, folder, name: this.nameOf('sender'), streams, sent, share };
    this.senders[index] = this.programs.start('sender', config);
  }

  private nameOf(program: string): string {
    this.startedCount += 1;
    const name = `${program}-${this.startedCount}`;
    this.startedAt.set(name, performance.now());
    return name;
  }
}
