import type { RegisteredHandler } from '../../handlers/handler-registry.js';
import type { MessagePriority } from '../../message/envelope.js';
import type { SendOptions } from '../../message/message-context.js';
import type { MessageDefinition } from '../../message/message.decorator.js';
import type { MessageClass } from '../../message/message.js';
import { namePattern } from '../../common/name-pattern.js';
import { meantRunMode, RunMode } from '../../message/run-mode.js';

/** Says where some messages go; an entry of the option `routes`. */
export interface RouteRule {
  /**
   * Message classes, which stand for their subclasses too, and message names, in which `*` stands for one segment between
   * dots and a last `#` or `>` for the rest: `'billing.*'`, `'billing.#'`. Any other use of these signs is a wiring mistake.
   */
  readonly messages: readonly (MessageClass | string)[];
  /** The queue they go through; means `RunMode.Async` where no run mode is given. */
  readonly queue?: string;
  readonly runMode?: RunMode;
  readonly priority?: MessagePriority;
  /** Whether they go through the outbox where they are sent in a transaction. Default: what the option `outbox` of the module says. */
  readonly outbox?: boolean;
}

/** Where a message goes on its way to a handler, and who said so. */
export interface Placement {
  readonly runMode: RunMode;
  /** The queue it goes through, or would. */
  readonly queue: string;
  readonly priority: MessagePriority | undefined;
  /** Whether it goes through the outbox, where a route says so. */
  readonly outbox: boolean | undefined;
  /** Who decided, as the end of "because of …". */
  readonly reasons: { readonly runMode: string; readonly queue: string };
}

/** What can be said of where a message goes, at each level. */
type Say = Pick<RouteRule, 'queue' | 'runMode' | 'priority' | 'outbox'>;

/** The rules that hold for the whole application. */
export interface PlacementOptions {
  readonly runMode: RunMode;
  readonly queue: string;
  readonly routes: readonly RouteRule[];
}

/**
 * Decides run mode and queue. The module's default gives way to what the handler's decorator says, that to the first rule
 * of `routes` which fits the message, and that to what is said at the call. Who names a queue and no run mode means
 * `RunMode.Async`.
 */
export class Placements {
  private readonly rules: readonly {
    readonly fits: (definition: MessageDefinition) => boolean;
    readonly rule: RouteRule;
  }[];

  constructor(private readonly options: PlacementOptions) {
    this.rules = options.routes.map((rule) => ({ fits: fitsAny(rule), rule }));
  }

  /** Where a message goes without anything said at the call. */
  of(definition: MessageDefinition, handler: RegisteredHandler | undefined): Placement {
    const { runMode, queue } = this.options;
    const reason = 'the default of DispatchModule.forRoot()';
    const reasons = { runMode: reason, queue: reason };
    const start: Placement = { runMode, queue, priority: undefined, outbox: undefined, reasons };
    const said =
      handler === undefined ? start : over(start, handler.options, `the decorator of ${handler.provider.type.name}`);
    const index = this.rules.findIndex(({ fits }) => fits(definition));
    const rule = this.rules[index]?.rule;
    return rule === undefined ? said : over(said, rule, `routes[${index}] (${rule.messages.map(nameOf).join(', ')})`);
  }

  /** Whether a rule sends the message through a queue, whoever handles it. */
  isRouted(definition: MessageDefinition): boolean {
    return this.rules.some(({ fits, rule }) => fits(definition) && meantRunMode(rule) === RunMode.Async);
  }
}

/** The placement with what the call says. */
export function placedByCall(placement: Placement, options: SendOptions | undefined): Placement {
  if (options?.runMode === undefined && options?.queue === undefined) return placement;
  return over(placement, options, 'the options of the call');
}

function over(placement: Placement, said: Say, reason: string): Placement {
  const { reasons } = placement;
  const { queue, runMode, priority, outbox } = said;
  const meant = meantRunMode(said);
  const modeReason = runMode === undefined ? `${reason}, which names a queue` : reason;
  return {
    runMode: meant ?? placement.runMode,
    queue: queue ?? placement.queue,
    priority: priority ?? placement.priority,
    outbox: outbox ?? placement.outbox,
    reasons: {
      runMode: meant === undefined ? reasons.runMode : modeReason,
      queue: queue === undefined ? reasons.queue : reason,
    },
  };
}

function fitsAny({ messages }: RouteRule): (definition: MessageDefinition) => boolean {
  const tests = messages.map((message) => {
    if (typeof message !== 'string') return ({ target }: MessageDefinition) => isOrExtends(target, message);
    const fits = namePattern(message);
    return ({ name }: MessageDefinition) => fits(name);
  });
  return (definition) => tests.some((test) => test(definition));
}

function isOrExtends(target: MessageClass, base: MessageClass): boolean {
  return target === base || target.prototype instanceof base;
}

function nameOf(message: MessageClass | string): string {
  return typeof message === 'string' ? `'${message}'` : message.name;
}
