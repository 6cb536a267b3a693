import type { SendOptions } from '../../message/message-context.js';
import { classOf, Command, Query, type MessageClass, type MessageKind } from '../../message/message.js';
import { RunMode } from '../../message/run-mode.js';
import { routingText } from '../../notifications/decisions/decision-texts.js';
import type { Routes } from '../routes.js';
import { placedByCall, type Placement } from './placement.js';
import type { QueuedDispatch } from './queued-dispatch.js';

/** Where one handler of a message runs, and why. */
export interface HandlerExplanation {
  /** The handler's class; `'(elsewhere)'` where nothing in this process handles the message. */
  readonly handler: string;
  readonly runMode: RunMode;
  /** The queue it goes through; undefined in the caller's turn. */
  readonly queue: string | undefined;
  /** What decided the run mode, as the end of "because of …". */
  readonly runModeBecauseOf: string;
  /** What decided the queue; undefined in the caller's turn. */
  readonly queueBecauseOf: string | undefined;
  /** There, and true, where it goes through the outbox when it is sent in a transaction; a query never does. */
  readonly outbox?: true;
  /** What decides about failures there, one line for each rule, the one that is asked first on top; empty for `'(elsewhere)'`. */
  readonly failures: readonly string[];
}

/** What would become of a message if it were sent. */
export class Explanation {
  constructor(
    readonly messageName: string,
    readonly kind: 'command' | 'query' | 'event',
    /** One for each handler, in order. */
    readonly handlers: readonly HandlerExplanation[],
    /**
     * Class and method of each saga that is shown the event, in order: all that run where it is published, for what a saga makes of an event
     * only its stream knows. Empty for commands and queries.
     */
    readonly sagas: readonly string[] = [],
  ) {}

  /** The same as lines for a log. */
  toString(): string {
    const handlers = this.handlers.flatMap(({ handler, failures, outbox, ...routing }) => [
      `  ${handler}: ${routingText(routing)}`,
      ...(outbox === true ? ['    where it is sent in a transaction: through the outbox, after the commit'] : []),
      ...failures.map((rule) => `    where it fails: ${rule}`),
    ]);
    const sagas = this.sagas.map((saga) => `  ${saga}: a saga, which sees every event that this process publishes`);
    const title = `${this.kind} "${this.messageName}":`;
    return [handlers.length === 0 ? `${title} nobody handles it` : title, ...handlers, ...sagas].join('\n');
  }
}

/** What an explanation is made of. */
export interface ExplanationParts {
  readonly routes: Routes;
  readonly queued: QueuedDispatch;
  /** The names of the sagas that run. */
  readonly sagas: () => readonly string[];
}

/** Works out what would become of a message, or of any message of a class. */
export function explain(
  subject: object,
  options: SendOptions | undefined,
  { routes, queued, sagas }: ExplanationParts,
): Explanation {
  const target = typeof subject === 'function' ? (subject as MessageClass) : classOf(subject);
  const definition = routes.definition(target);
  const event = routes.event(target);
  const single = routes.single('command', target) ?? routes.single('query', target);
  const kind = single?.kind ?? kindOf(target);
  const handlers = single === undefined ? event.handlers : [single.handler];
  const usesOutbox = (placement: Placement): boolean => queued.usesOutbox(kind, placement);
  const explained = handlers.map((handler) => {
    const placement = placedByCall(handler.placement, options);
    const settings = placement.runMode === RunMode.Async ? queued.settingsOf(placement.queue) : undefined;
    return { ...explanationOf(handler.facts.name, placement, usesOutbox), failures: handler.failureTable(settings) };
  });
  const elsewhere = handlers.length === 0 ? queued.placementElsewhere(definition, options) : undefined;
  if (elsewhere !== undefined) explained.push(explanationOf('(elsewhere)', elsewhere, usesOutbox));
  return new Explanation(definition.name, kind, explained, kind === 'event' ? sagas() : []);
}

/** What a message is that has no handler here, as far as its class says it. */
export function kindOf({ prototype }: MessageClass): MessageKind {
  if (prototype instanceof Command) return 'command';
  return prototype instanceof Query ? 'query' : 'event';
}

function explanationOf(
  handler: string,
  placement: Placement,
  usesOutbox: (placement: Placement) => boolean,
): HandlerExplanation {
  const { runMode, queue, reasons } = placement;
  const isQueued = runMode === RunMode.Async;
  return {
    handler,
    runMode,
    queue: isQueued ? queue : undefined,
    runModeBecauseOf: reasons.runMode,
    queueBecauseOf: isQueued ? reasons.queue : undefined,
    ...(isQueued && usesOutbox(placement) && { outbox: true }),
    failures: [],
  };
}
