import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { DeadLetters, Dispatcher, DispatchModule, Queues, type QueueOptions } from '../../../../lib/index.js';
import { Journal, type JournalLine } from '../../../processes/journal.js';
import type { Programs, ProgramProcess } from '../../../processes/programs.js';
import type { StoreAddress } from '../../../processes/stores.js';
import { until } from '../../../processes/until.js';
import {
  dispatchOptions,
  QUEUE,
  type Agreement,
  type SceneConfig,
  type SceneEvent,
  type ShopConfig,
} from './application.js';
import { Findings } from './findings.js';
import { Load } from './load.js';

/** What a scene is made of, where that differs from the rest. */
export interface SceneOptions {
  readonly store: StoreAddress;
  readonly programs: Programs;
  readonly workerCount: number;
  readonly queue?: QueueOptions;
  readonly whenDown?: 'fail' | 'wait';
  readonly failPercent?: number;
  /** A table for dead letters outside of the queue. */
  readonly letters?: StoreAddress | undefined;
  /** Where transactional handlers write. */
  readonly effects?: StoreAddress | undefined;
}

/** The keys of a load. */
export const KEYS: readonly string[] = Array.from({ length: 10 }, (_, index) => `key${index}`);
/** How much one worker has in hand at most: its concurrency, and one message in each lane. */
export const CONCURRENCY = 4;
export const LANES = 3;
export const SLOTS_PER_WORKER = CONCURRENCY + LANES;
/** How long a worker holds a message that no longer renews its hold. */
export const LOCK_MS = 1500;

/** How long the lock of an idempotent call outlives its process. */
export const CALL_LOCK_MS = 1000;

/** How long a process may take to start, on a machine that has other things to do. */
const START_TIMEOUT_MS = 30_000;
/** With how many messages in hand a worker is busy. */
const BUSY_COUNT = 3;

const QUEUE_OPTIONS: QueueOptions = {
  concurrency: CONCURRENCY,
  lanes: LANES,
  lockMs: LOCK_MS,
  backoffMs: 20,
  maxBackoffMs: 100,
  // A sender that repeats a message finds it there, so all that are handled are kept.
  keepCompleted: { count: 10_000 },
};

@Module({})
class SenderModule {}

/** Workers in processes of their own, a sender in this one, and the journal that all effects are written to. */
export class Scene {
  readonly journal: Journal<SceneEvent>;
  readonly load: Load;
  readonly dispatcher: Dispatcher;
  readonly letters: DeadLetters;
  private readonly queues: Queues;
  private readonly processes: ProgramProcess[] = [];

  private constructor(
    private readonly options: SceneOptions,
    private readonly agreement: Agreement,
    private readonly folder: string,
    private readonly sender: INestApplicationContext,
  ) {
    this.journal = new Journal(folder);
    this.dispatcher = sender.get(Dispatcher);
    this.letters = sender.get(DeadLetters);
    this.queues = sender.get(Queues);
    this.load = new Load(this.dispatcher);
  }

  /** Starts the sender and the workers. */
  static async open(options: SceneOptions): Promise<Scene> {
    const { store, queue, whenDown = 'fail', letters, effects } = options;
    const queueOptions = { ...QUEUE_OPTIONS, ...queue };
    const agreement = { store, whenDown, callLockMs: CALL_LOCK_MS, queue: queueOptions, letters, effects };
    const imports = [DispatchModule.forRoot(dispatchOptions(agreement, 'send'))];
    const module = { module: SenderModule, imports };
    const sender = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    const scene = new Scene(options, agreement, mkdtempSync(path.join(tmpdir(), 'crash-')), sender);
    try {
      await Promise.all(Array.from({ length: options.workerCount }, () => scene.addWorker()));
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  /** Starts one more worker; resolves when it works. */
  addWorker(): Promise<ProgramProcess> {
    return this.start('worker', `worker-${this.processes.length + 1}`);
  }

  /** Starts a worker for each one that has ended. */
  async replaceEnded(): Promise<void> {
    const isWorker = ({ name }: ProgramProcess): boolean => name.startsWith('worker');
    const running = this.processes.filter((each) => isWorker(each) && !each.hasEnded);
    const missing = this.options.workerCount - running.length;
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.addWorker()));
  }

  /** Starts an application that sends one message, which waits for the gate of its name, and waits for the result. */
  addCaller(name: string): Promise<ProgramProcess> {
    return this.start('caller', name);
  }

  /** Starts an application that replays all dead letters, so many in a second, and writes down what came of it. */
  addReplayer(name: string, ratePerSecond: number): Promise<ProgramProcess> {
    return this.start('replayer', name, { ratePerSecond });
  }

  /** Starts an application that stores orders, and sends a message with each, until it is told to end itself. */
  addShop(name: string, config: ShopConfig): Promise<ProgramProcess> {
    return this.start('shop', name, config);
  }

  /** Resolves with the first line of the journal that says this of a message. */
  seen(event: SceneEvent, id: string, attempt?: number): Promise<JournalLine<SceneEvent>> {
    return until(`${id} is ${event}`, () =>
      this.journal.of(event).find((line) => line.id === id && (attempt === undefined || line.attempt === attempt)),
    );
  }

  /** The process that wrote a line. */
  processOf({ by }: Pick<JournalLine, 'by'>): ProgramProcess {
    const found = this.processes.find(({ name }) => name === by);
    if (found === undefined) throw new Error(`There is no process ${by}.`);
    return found;
  }

  /** The process that has this message in hand, once it has others in hand as well. */
  async busyProcessOf(id: string): Promise<ProgramProcess> {
    const { by } = await this.seen('started', id);
    return until(`${by} has several messages in hand`, () => {
      const inHand = new Set<string>();
      for (const line of this.journal.lines()) {
        if (line.by !== by) continue;
        if (line.event === 'started') inHand.add(line.id);
        else inHand.delete(line.id);
      }
      return inHand.size >= BUSY_COUNT && this.processOf({ by });
    });
  }

  /** Lets messages through that wait for a gate. */
  openGate(gate: string): void {
    writeFileSync(path.join(this.folder, gate), '');
  }

  /** Waits until the queue has nothing left, and says what it came to. */
  async findings(timeoutMs?: number): Promise<Findings> {
    await until('the queue is empty', () => this.isEmpty(), timeoutMs).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.summary([]).table()}\n${this.logs()}`, { cause: error });
    });
    return this.summary(Object.keys(await this.parked()));
  }

  /** Resolves when the steady load has gone on for a while, then ends it. */
  async loadGoesOn(): Promise<void> {
    const before = this.load.acknowledged.size;
    await until('the senders go on', () => this.load.acknowledged.size > before + 50);
    await this.load.end();
  }

  /** The messages that were given up, with the codes of their errors. */
  async parked(): Promise<Record<string, string | undefined>> {
    const parked = await this.queues.parked(QUEUE, 'failed', 1000);
    return Object.fromEntries(parked.map(({ id, error }) => [id, error.code]));
  }

  /** Ends all processes and closes the sender. */
  async close(): Promise<void> {
    await Promise.all(this.processes.map((each) => each.endBy('SIGKILL')));
    await this.sender.close();
    this.journal.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async isEmpty(): Promise<boolean> {
    const { waiting, delayed, active } = await this.queues.counts(QUEUE);
    return waiting + delayed + active === 0;
  }

  private summary(parked: readonly string[]): Findings {
    const crashed = this.processes.filter(({ hasCrashed }) => hasCrashed);
    return new Findings({
      lines: this.journal.lines(),
      acknowledged: this.load.acknowledged,
      parked: new Set(parked),
      crashes: crashed.map((each) => `${each.name} ended by itself (${each.end}):\n${each.logTail()}`),
    });
  }

  private async start(
    program: 'worker' | 'caller' | 'replayer' | 'shop',
    name: string,
    more: Partial<SceneConfig> | ShopConfig = {},
  ): Promise<ProgramProcess> {
    const { folder, agreement } = this;
    const { programs, failPercent = 0 } = this.options;
    const config: SceneConfig = { ...agreement, name, folder, failPercent, ...more };
    const started = programs.start(program, config);
    this.processes.push(started);
    await until(
      `${name} is ready`,
      () => {
        const { hasEnded } = started;
        // One that is to end by itself may have, since it was ready.
        if (this.journal.of('ready').some(({ by }) => by === name)) return true;
        if (hasEnded) throw new Error(`It ended (${started.end}) at its start.`);
        return false;
      },
      START_TIMEOUT_MS,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${started.logTail()}`, { cause: error });
    });
    return started;
  }

  private logs(): string {
    return this.processes.map((each) => `${each.name} (${each.end ?? 'runs'}):\n${each.logTail()}`).join('\n');
  }
}
