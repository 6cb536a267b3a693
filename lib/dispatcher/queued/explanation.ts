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
  ) {}

  /** The same as lines for a log. */
  toString(): string {
    if (this.handlers.length === 0) return `${this.kind} "${this.messageName}": nobody handles it`;
    const lines = this.handlers.flatMap(({ handler, failures, ...routing }) => [
      `  ${handler}: ${routingText(routing)}`,
      ...failures.map((rule) => `    where it fails: ${rule}`),
    ]);
    return [`${this.kind} "${this.messageName}":`, ...lines].join('\n');
  }
}

/** Works out what would become of a message, or of any message of a class. */
export function explain(
  subject: object,
  options: SendOptions | undefined,
  routes: Routes,
  queued: QueuedDispatch,
): Explanation {
  const target = typeof subject === 'function' ? (subject as MessageClass) : classOf(subject);
  const definition = routes.definition(target);
  const event = routes.event(target);
  const single = routes.single('command', target) ?? routes.single('query', target);
  const kind = single?.kind ?? kindOf(target);
  const handlers = single === undefined ? event.handlers : [single.handler];
  const explained = handlers.map((handler) => {
    const placement = placedByCall(handler.placement, options);
    const settings = placement.runMode === RunMode.Async ? queued.settingsOf(placement.queue) : undefined;
    return { ...explanationOf(handler.facts.name, placement), failures: handler.failureTable(settings) };
  });
  const elsewhere = handlers.length === 0 ? queued.placementElsewhere(definition, options) : undefined;
  if (elsewhere !== undefined) explained.push(explanationOf('(elsewhere)', elsewhere));
  return new Explanation(definition.name, kind, explained);
}

/** What a message is that has no handler here, as far as its class says it. */
export function kindOf({ prototype }: MessageClass): MessageKind {
  if (prototype instanceof Command) return 'command';
  return prototype instanceof Query ? 'query' : 'event';
}

function explanationOf(handler: string, { runMode, queue, reasons }: Placement): HandlerExplanation {
  const isQueued = runMode === RunMode.Async;
  return {
    handler,
    runMode,
    queue: isQueued ? queue : undefined,
    runModeBecauseOf: reasons.runMode,
    queueBecauseOf: isQueued ? reasons.queue : undefined,
    failures: [],
  };
}
