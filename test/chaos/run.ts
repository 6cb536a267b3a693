import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { DispatchModule, Outbox, Queues } from '../../lib/index.js';
import type { Programs, ProgramProcess } from '../processes/programs.js';
import { backendAt, type StoreAddress } from '../processes/stores.js';
import type { RunningServer } from '../services/server-process.js';
import { Crowd } from './crowd.js';
import { openEffects, type Effects } from './effects.js';
import { describeFault, type Fault, type Plan } from './plan.js';
import { sendingOutbox } from './programs/outbox.js';
import { optionsOf, QUEUE, type Agreement } from './programs/setup.js';
import { recoveriesOf, type Gone } from './recovery.js';
import { poisonOf, reportOf, type Report } from './report.js';

/** What a run needs. */
export interface RunOptions {
  readonly plan: Plan;
  readonly programs: Programs;
  readonly store: StoreAddress;
  /** How long a worker holds a message that no longer renews its hold, in milliseconds. Default 2000. */
  readonly lockMs?: number;
  /** The server of the store, where it may be killed. */
  readonly server?: RunningServer;
}

/** How long a fault is waited for, and how long the rest of the work may take when all is sent. */
const FAULT_TIMEOUT_MS = 8000;
/** A message that kills its worker each time takes three times the longest recovery. */
const CALM_TIMEOUT_MS = 30_000;
const REST_TIMEOUT_MS = 60_000;
const LOOK_MS = 20;
/** How many messages are handled after the store has come back before the next fault. */
const AFTER_RESTART_COUNT = 20;
const LOCK_MS = 2000;
/** How many times that a worker is stopped: longer than others take to relieve it. */
const STOP_LOCKS = 2.5;

@Module({})
class WatcherModule {}

/** Carries a plan out, and says what it came to. */
export async function runPlan(options: RunOptions): Promise<Report> {
  const { plan, programs, store, lockMs = LOCK_MS } = options;
  const agreement: Agreement = { seed: plan.seed, store, lockMs };
  const folder = mkdtempSync(path.join(tmpdir(), 'chaos-'));
  const effects = await openEffects(store);
  const imports = [
    DispatchModule.forRoot(optionsOf(agreement, 'send', backendAt(store, 'wait'), sendingOutbox(store))),
  ];
  const module = { module: WatcherModule, imports };
  const watcher = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const crowd = new Crowd(programs, agreement, plan, folder);
  try {
    return await new Run({ ...options, lockMs }, crowd, watcher, effects).play();
  } finally {
    await crowd.close();
    await watcher.close();
    await effects.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Run {
  private readonly queues: Queues;
  private readonly outbox: Outbox;
  private readonly stops: Gone[] = [];
  private readonly missed: string[] = [];
  /** Workers that are stopped. */
  private readonly stopped = new Set<string>();
  private readonly goingOn: Promise<void>[] = [];

  constructor(
    private readonly options: RunOptions & { readonly lockMs: number },
    private readonly crowd: Crowd,
    watcher: INestApplicationContext,
    private readonly effects: Effects,
  ) {
    this.queues = watcher.get(Queues);
    this.outbox = watcher.get(Outbox);
  }

  async play(): Promise<Report> {
    const { crowd } = this;
    const { plan } = this.options;
    await crowd.open();
    for (const [index, fault] of plan.faults.entries()) {
      if (!(await this.bringAbout(fault, (index + 1) / (plan.faults.length + 1)))) {
        this.missed.push(describeFault(fault));
      }
    }
    crowd.allow(1);
    await Promise.all(this.goingOn);
    const parked = await this.finish();
    return reportOf({
      plan,
      lines: crowd.journal.lines(),
      effects: await this.effects.read(),
      parked,
      kills: crowd.kills,
      stops: this.stops,
      ended: crowd.ended,
      crashes: crowd.crashes,
      missed: [...this.missed, ...crowd.missed.map(({ point }) => `nobody came to "${point}"`)],
      lockMs: this.options.lockMs,
    });
  }

  /**
   * @param share how much of the load may be sent from now on
   * @returns whether it came about in time
   */
  private async bringAbout(fault: Fault, share: number): Promise<boolean> {
    const { crowd } = this;
    if (fault.kind === 'strike') return this.strike(fault, share);
    crowd.allow(share);
    if (fault.kind === 'drain') return this.drain(fault);
    await delay(fault.afterMs);
    switch (fault.kind) {
      case 'kill':
        await crowd.kill(await this.worker(fault.target), 'SIGKILL');
        break;
      case 'sender':
        await crowd.kill(crowd.sender(fault.target), 'SIGKILL');
        break;
      case 'stop':
        this.stop(await this.worker(fault.target));
        break;
      case 'store':
        return this.restartStore();
    }
    crowd.look();
    return true;
  }

  /** One that is at work, and not the only one: somebody must be there to take over. */
  private async worker(target: number): Promise<ProgramProcess> {
    const { crowd, stopped } = this;
    for (;;) {
      crowd.look();
      const [worker, ...others] = crowd.workersAtWork(target, stopped);
      if (worker !== undefined && others.length > 0) return worker;
      await delay(LOOK_MS);
    }
  }

  /** Armed before there is something to handle, so that it comes to the point soon. */
  private async strike({ target, ...strike }: Extract<Fault, { kind: 'strike' }>, share: number): Promise<boolean> {
    const { crowd } = this;
    const worker = await this.worker(target);
    const { point, nth, afterMs } = strike;
    crowd.arm(worker, { point, nth, afterMs });
    crowd.allow(share);
    const isMet = await this.within(FAULT_TIMEOUT_MS, () => worker.hasEnded);
    if (!isMet) crowd.arm(worker);
    return isMet && crowd.journal.of('struck').some(({ by, detail }) => by === worker.name && detail === point);
  }

  private async drain({ target, afterMs }: Extract<Fault, { kind: 'drain' }>): Promise<boolean> {
    const { crowd } = this;
    const worker = await this.worker(target);
    crowd.arm(worker, { point: 'draining', nth: 1, afterMs });
    await this.within(FAULT_TIMEOUT_MS, () => crowd.isBusy(worker));
    await crowd.kill(worker, 'SIGTERM');
    crowd.look();
    return crowd.journal.of('struck').some(({ by }) => by === worker.name);
  }

  private stop(worker: ProgramProcess): void {
    this.stopped.add(worker.name);
    const at = Date.now();
    const stopMs = STOP_LOCKS * this.options.lockMs;
    this.stops.push({ by: worker.name, at, backAt: at + stopMs });
    worker.signal('SIGSTOP');
    this.goingOn.push(
      delay(stopMs).then(() => {
        worker.signal('SIGCONT');
        this.stopped.delete(worker.name);
      }),
    );
  }

  /** After what other faults have done is mended: how long that takes is measured, and must not count this. */
  private async restartStore(): Promise<boolean> {
    const { server } = this.options;
    if (server === undefined) return false;
    await Promise.all(this.goingOn);
    const isCalm = await this.within(CALM_TIMEOUT_MS, () => this.isCalm());
    this.crowd.losesStore();
    await server.kill('SIGKILL');
    await server.restart();
    const before = this.crowd.journal.of('done').length;
    await this.within(FAULT_TIMEOUT_MS, () => this.crowd.journal.of('done').length >= before + AFTER_RESTART_COUNT);
    return isCalm;
  }

  private isCalm(): boolean {
    const { crowd, stops } = this;
    const isOpen = recoveriesOf(crowd.journal.lines(), crowd.kills, [...stops, ...crowd.ended]).some(
      ({ ms }) => ms === undefined,
    );
    const parked = new Set(crowd.journal.of('parked').map(({ id }) => id));
    const killers = this.options.plan.streams.filter(({ of }) => of === 'killer').flatMap(poisonOf);
    return !isOpen && crowd.isComplete() && killers.every((id) => parked.has(id));
  }

  /** Waits until everything is sent and handled. @returns what is parked */
  private async finish(): Promise<ReadonlySet<string>> {
    const total = this.options.plan.streams.reduce((sum, { count }) => sum + count, 0);
    const isOver = async (): Promise<boolean> => {
      if (new Set(this.crowd.journal.of('acknowledged').map(({ id }) => id)).size < total) return false;
      if (this.outbox.isConfigured && (await this.outbox.check()).waiting > 0) return false;
      const { waiting, delayed, active } = await this.queues.counts(QUEUE);
      return waiting + delayed + active === 0;
    };
    if (!(await this.within(REST_TIMEOUT_MS, isOver))) {
      const counts = JSON.stringify(await this.queues.counts(QUEUE));
      this.crowd.crashes.push(`The rest was not handled in ${REST_TIMEOUT_MS} ms: ${counts}\n${this.crowd.logs()}`);
    }
    const places = await Promise.all([
      this.queues.parked(QUEUE, 'failed', 10_000),
      this.queues.parked(QUEUE, 'unhandled', 10_000),
    ]);
    return new Set(places.flat().map(({ id }) => id));
  }

  /** Looks after the crowd until something holds. @returns whether it did in time */
  private async within(timeoutMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
    const endsAtMs = performance.now() + timeoutMs;
    while (performance.now() < endsAtMs) {
      this.crowd.look();
      if (await holds()) return true;
      await delay(LOOK_MS);
    }
    return false;
  }
}
