import { randomUUID } from 'node:crypto';

import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { ResolvedDeadLetters } from '../../failures/dead-letters/dead-letter-options.js';
import type { DeadLetterSource } from '../../failures/dead-letters/dead-letter-source.port.js';
import type { FailurePolicies } from '../../failures/policy/failure-policies.js';
import type { UnhandledExceptionBus } from '../../failures/unhandled-exception-bus.js';
import type { CodecLimits } from '../../message/codec/json-codec.js';
import type { DecisionLog } from '../../notifications/decisions/decision-log.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { LettersWatch } from '../dead-letters/letters-watch.js';
import { parkingIn, StoreLetters, tellingOfDropped } from '../dead-letters/store-letters.js';
import { QueueLetters, type LetterDestination } from '../dead-letters/queue-letters.js';
import { QueueNotConfiguredError } from '../errors.js';
import type { InFlight } from '../in-flight.js';
import type { LastFailures } from '../last-failures.js';
import { Outbox } from '../outbox/outbox.js';
import type { ResolvedOutbox } from '../outbox/outbox.options.js';
import type { Transactions } from '../../transactions/transactions.js';
import type { ResolvedClaimCheck } from '../claim-check/claim-check.options.js';
import type { QueueBackendFactory } from '../queue/queue-backend.port.js';
import type { QueueCatalogOptions } from '../queue/queue-catalog.js';
import { QueueClient } from '../queue/queue-client.js';
import type { QueueSettings } from '../queue/queue-settings.js';
import { Queues } from '../queue/queues.js';
import { SequencedKeys } from '../sequenced/sequenced-keys.js';
import type { EntryTargets } from './entry-target.port.js';
import { QueueHealth, type QueueHealthOptions } from './queue-health.js';
import { QueueRests } from './queue-rests.js';
import { QueueWorker } from './queue-worker.js';
import type { ResolvedRole } from './role.js';
import { TaskObserver } from './task-observer.js';

/** How long the reply to what this process has handled itself may take to come, in milliseconds. */
const REPLY_GRACE_MS = 250;

/** What the queues of an application are made with. */
export interface QueueStageParts {
  readonly factory: QueueBackendFactory | undefined;
  readonly catalog: QueueCatalogOptions;
  readonly role: ResolvedRole;
  readonly health: Required<QueueHealthOptions>;
  readonly channel: NotificationChannel;
  readonly unhandled: UnhandledExceptionBus;
  readonly inFlight: InFlight;
  readonly limits: CodecLimits;
  readonly claimCheck: ResolvedClaimCheck | undefined;
  readonly outbox: ResolvedOutbox | undefined;
  readonly transactions: Pick<Transactions, 'current'>;
  readonly policies: FailurePolicies;
  readonly lastFailures: LastFailures;
  readonly decisions: DecisionLog;
  readonly deadLetters: ResolvedDeadLetters;
}

/**
 * The queues of an application, from the connection to the worker: opened when the application starts, worked on once it
 * has started, stopped, and closed last. Where no backend is configured there are none, and nothing happens.
 */
export class QueueStage {
  private readonly logger = new Logger('Dispatch');
  private isStopped = false;
  readonly client: QueueClient | undefined;
  /** Asks for queues fail with DISPATCH_NO_QUEUE where there are none. */
  readonly queues: Queues;
  readonly health: QueueHealth;
  /** Asks for it fail with DISPATCH_OUTBOX_NOT_CONFIGURED where there is none. */
  readonly outbox: Outbox;
  private worker: QueueWorker | undefined;
  private watch: LettersWatch | undefined;

  constructor(private readonly parts: QueueStageParts) {
    const { factory, catalog: queues, channel } = parts;
    const instanceId = randomUUID();
    this.client = factory && new QueueClient({ ...parts, factory, instanceId, queues });
    this.outbox = this.client?.outbox?.outbox ?? new Outbox(undefined);
    this.queues = new Queues(() => {
      const { backend, catalog } = this.opened();
      const hasLetterStore = parts.deadLetters.store !== undefined;
      return { backend, catalog, hasLetterStore, work: (settings) => this.workOn(settings) };
    });
    this.health = new QueueHealth(() => ({
      names: () => this.opened().catalog.names,
      counts: (queue) => this.queues.counts(queue),
      stalledCount: (queue) => this.opened().stalledCount(queue),
      activity: (queue) => this.worker?.activity(queue),
      rateLimit: (queue) => this.queues.settings(queue).rateLimit,
      channel,
      options: parts.health,
    }));
  }

  /** The names of the queues this process works on. */
  get workedOn(): readonly string[] {
    return this.client?.catalog.names.filter(this.parts.role.worksOn) ?? [];
  }

  /** What is parked in the queues and in the store, as dead letters. @throws DISPATCH_NO_QUEUE where there are none */
  letters(destination: LetterDestination): readonly DeadLetterSource[] {
    const { backend, catalog, claims } = this.opened();
    const { limits, deadLetters } = this.parts;
    const sequence = new SequencedKeys(backend);
    const sequenceOf = (queue: string) => (catalog.get(queue)?.settings.sequenced === true ? sequence : undefined);
    const parts = { backend, queues: () => catalog.names, destination, limits, claims, sequenceOf };
    const { store } = deadLetters;
    return [new QueueLetters(parts), ...(store === undefined ? [] : [new StoreLetters(store, parts)])];
  }

  /** Whether this process will work on a queue of that name, and has not begun to work on any. */
  startsLater(queue: string): boolean {
    return this.worker === undefined && this.parts.role.worksOn(queue);
  }

  /** What is wrong with the role of this process, once every queue is known. */
  roleProblems(): string[] {
    const { name, named } = this.parts.role;
    const known = this.client?.catalog.names ?? [];
    const list = `there are ${known.join(', ')}`;
    const problems = named
      .filter((queue) => !known.includes(queue))
      .map((queue) => `"only" or "except" names the queue "${queue}", which nothing uses: ${list}.`);
    if (name === 'work' && this.workedOn.length === 0) {
      problems.push(`The role of this process is "work", and it works on no queue: ${list}.`);
    }
    return problems;
  }

  /** That nobody would handle what this process sends, where that is so. */
  unshared(): readonly { readonly rule: 'unshared-queue'; readonly text: string }[] {
    const { client, parts } = this;
    if (parts.role.name !== 'send' || client === undefined || client.backend.features.has('shared')) return [];
    const text = `The role of this process is "send", and no other process sees its queues (${parts.factory?.name}): nobody would handle what it sends. Give the role "both", or a backend that processes share, such as bullmq().`;
    return [{ rule: 'unshared-queue', text }];
  }

  /** Makes queues known that handlers and routes name. */
  know(names: Iterable<string>): void {
    for (const name of names) this.client?.catalog.add(name);
  }

  /** Connects. @throws DISPATCH_QUEUE_UNAVAILABLE, or what the store of dead letters says */
  async open(): Promise<void> {
    if (this.client === undefined) return;
    await this.client.open();
    const { store } = this.parts.deadLetters;
    if (store === undefined) return;
    store.onDropped?.(tellingOfDropped(this.parts.channel));
    await store.open?.();
    if (store.isShared || !this.client.backend.features.has('durable')) return;
    this.logger.warn(
      'Dead letters are in the memory of this process, while their queues outlive it: give "deadLetters" a store that does so too, such as postgresDeadLetters() of nestjs-dispatch/postgres, or none.',
    );
  }

  /** Begins to work on the queues of this process. */
  async work(targets: EntryTargets): Promise<void> {
    if (this.client === undefined) return;
    const { channel, unhandled, limits, policies, lastFailures } = this.parts;
    const observer = new TaskObserver(channel, unhandled, this.parts.decisions);
    const { store } = this.parts.deadLetters;
    const { backend, catalog, claims } = this.client;
    this.worker ??= new QueueWorker(
      backend,
      { targets, observer, limits, policies, rests: new QueueRests(), claims, lastFailures },
      store && parkingIn(store),
    );
    await Promise.all(this.workedOn.map((name) => this.workOn(catalog.add(name).settings)));
    if (this.isStopped) return;
    this.client.outbox?.start();
    this.health.start();
    const queues = (): readonly string[] => this.workedOn;
    this.watch ??= new LettersWatch({ backend, queues, channel, options: this.parts.deadLetters });
    this.watch.start();
  }

  /** Takes nothing more from the queues. */
  stop(): void {
    this.isStopped = true;
    this.health.stop();
    this.watch?.stop();
    this.worker?.stop();
  }

  /**
   * Gives back what is still being handled, relays what its transactions have sent, then closes what sends, then the connections. Callers here who wait for
   * replies are given the time that is left; where this process works on queues itself, what they wait for may be in one
   * that nobody works on any more, so they are given no longer than it takes a reply to come.
   *
   * @param leftMs what is left of the time for draining, in milliseconds
   */
  async close(leftMs: number): Promise<void> {
    this.stop();
    const startedAtMs = performance.now();
    await this.worker?.close();
    const left = (): number => Math.max(0, leftMs - (performance.now() - startedAtMs));
    await this.client?.outbox?.close(left());
    await this.client?.close(this.workedOn.length > 0 ? Math.min(left(), REPLY_GRACE_MS) : left());
    try {
      await this.parts.deadLetters.store?.close?.();
    } catch (error) {
      this.logger.warn(`Could not close the store of "deadLetters": ${errorText(error)}`);
    }
  }

  private async workOn(settings: QueueSettings): Promise<void> {
    if (this.parts.role.worksOn(settings.name)) await this.worker?.work(settings);
  }

  private opened(): QueueClient {
    if (this.client === undefined) throw new QueueNotConfiguredError('Queues, QueueHealth or DeadLetters');
    return this.client;
  }
}
