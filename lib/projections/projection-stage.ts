import { AsyncResource } from 'node:async_hooks';

import { Logger } from '@nestjs/common';

import { errorText } from '../common/dispatch-error.js';
import { delay } from '../common/promises.js';
import type { EventSourcing } from '../event-store/event-sourcing.js';
import type { UnhandledExceptionBus } from '../failures/unhandled-exception-bus.js';
import type { DiscoveredProvider } from '../handlers/discovered-provider.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { MessageRegistry } from '../message/message-registry.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import type { Transactions } from '../transactions/transactions.js';
import { InlineProjections } from './inline-projections.js';
import { checkProjection, type ProjectionModel } from './projection-model.js';
import { ProjectionReporter } from './projection-reporter.js';
import { projectionDeclarationOf } from './projection.decorator.js';
import { Projections } from './projections.js';
import type { ResolvedProjections } from './projections.options.js';
import type { ProjectionParts } from './running/projection-parts.js';
import { Supervisor } from './running/supervisor.js';

/** What projections need of the application. */
export interface ProjectionStageParts {
  readonly messages: MessageRegistry;
  readonly eventSourcing: EventSourcing;
  readonly transactions: Transactions;
  readonly unhandled: UnhandledExceptionBus;
  readonly channel: NotificationChannel;
}

/** How long methods of projections that were told to stop are given to do so, in milliseconds. */
const ABORT_GRACE_MS = 250;

/** All projections of one application. It costs nothing where there is none. */
export class ProjectionStage {
  private readonly models = new Map<string, ProjectionModel>();
  private readonly supervisors = new Map<string, Supervisor>();
  private readonly stopping = new AbortController();
  private readonly aborting = new AbortController();
  private readonly logger = new Logger('Projections');
  /** What projections do belongs to no message, and to no transaction of a caller. */
  private readonly outside = new AsyncResource('nestjs-dispatch/projections');
  private running: Promise<unknown> = Promise.resolve();
  private isOpen = false;
  readonly projections: Projections;

  constructor(
    private readonly options: ResolvedProjections,
    private readonly parts: ProjectionStageParts,
  ) {
    this.projections = new Projections({
      models: this.models,
      runningParts: () => this.runningParts(),
      ending: { stopping: this.stopping.signal, aborting: this.aborting.signal },
      wake: (name) => this.supervisors.get(name)?.wake(),
      outside: (work) => this.outside.runInAsyncScope(work),
    });
  }

  /** Adds the projections among some providers. @returns what is wrong with them */
  add(providers: readonly DiscoveredProvider[]): WiringMistake[] {
    return providers.flatMap((provider) => {
      const declaration = projectionDeclarationOf(provider.type);
      if (declaration === undefined) return [];
      const { model, problems } = checkProjection(provider, declaration, this.parts.messages);
      const found = [...problems, ...this.conflicts(model)];
      this.models.set(model.name, model);
      return found.map((problem) => ({ rule: 'invalid-projection', text: `${problem}.` }) as const);
    });
  }

  /** Connects to the store of checkpoints, and has inline projections written. Rejects with what the store says. */
  async open(): Promise<void> {
    const { eventSourcing, transactions } = this.parts;
    const models = [...this.models.values()];
    const inline = models.filter(({ mode }) => mode === 'inline');
    if (inline.length > 0) {
      const { reader, upcasters } = eventSourcing;
      const storedNamesOf = upcasters.storedNamesOf.bind(upcasters);
      const hook = new InlineProjections({ reader, transactions, storedNamesOf });
      for (const model of inline) hook.add(model);
      eventSourcing.intercept(hook);
    }
    if (inline.length === models.length) return;
    this.isOpen = true;
    await this.options.checkpoints.open?.();
  }

  /** Begins to write the projections that run behind. */
  work(): void {
    const behind = [...this.models.values()].filter(({ mode }) => mode === 'async');
    if (behind.length === 0 || this.stopping.signal.aborted) return;
    const parts = this.runningParts();
    const ending = { stopping: this.stopping.signal, aborting: this.aborting.signal };
    const supervisors = behind.map((model) => new Supervisor(parts, model, () => this.projections.wrote()));
    for (const [index, { name }] of behind.entries()) {
      const supervisor = supervisors[index];
      if (supervisor !== undefined) this.supervisors.set(name, supervisor);
    }
    this.running = this.outside.runInAsyncScope(() => Promise.all(supervisors.map((each) => each.run(ending))));
  }

  /** Begins no further batch, and waits for those under way: for so long, then for a moment after their signals have aborted. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopping.abort();
    const ended = Promise.all([this.running, this.projections.idle()]);
    if (await isDone(ended, timeoutMs)) return;
    this.logger.warn(`Projections were still writing after ${timeoutMs} ms; their signals abort.`);
    this.aborting.abort();
    await isDone(ended, Math.min(ABORT_GRACE_MS, timeoutMs));
  }

  /** Ends what the store of checkpoints has opened. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    try {
      await this.options.checkpoints.close?.();
    } catch (error) {
      this.logger.warn(`Could not close the checkpoints of "projections": ${errorText(error)}`);
    }
  }

  private conflicts({ name, label, mode }: ProjectionModel): string[] {
    const { eventSourcing, transactions } = this.parts;
    const known = this.models.get(name);
    const found = known === undefined ? [] : [`${label} and ${known.label} are both the projection "${name}"`];
    if (eventSourcing.store === undefined) {
      found.push(`${label} needs an event store: give DispatchModule.forRoot() the option "eventStore"`);
    }
    if (mode === 'inline' && !transactions.isConfigured) {
      found.push(
        `${label} is inline, which needs transactions: give DispatchModule.forRoot() the option "transactions"`,
      );
    }
    return found;
  }

  private runningParts(): ProjectionParts {
    const { eventSourcing, transactions, unhandled, channel } = this.parts;
    const { reader, upcasters } = eventSourcing;
    return {
      ...this.options,
      store: eventSourcing.knownStore(),
      reader,
      storedNamesOf: (names) => upcasters.storedNamesOf(names),
      transactions,
      reporter: new ProjectionReporter(unhandled, channel),
    };
  }
}

async function isDone(ended: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const waiting = new AbortController();
  const isEnded = await Promise.race([ended.then(() => true), delay(timeoutMs, waiting.signal).then(() => false)]);
  waiting.abort();
  return isEnded;
}
