import { isDispatchError } from '../common/dispatch-error.js';
import type { KeyedDispatch, KeyedRoute } from '../dispatcher/keyed-route.js';
import { EventHandlingError } from '../dispatcher/errors.js';
import type { KeyHandlerContext, ProcessResult } from '../dispatcher/raw-intake.js';
import { InvalidMessageError } from '../message/errors.js';
import type { MessageClass } from '../message/message.js';
import {
  HandlerFailedError,
  HookFailedError,
  InvalidRawMessageError,
  NoHandlerError,
  UnreadableRawMessageError,
} from './errors.js';
import type { DecidingHooks, HookChain } from './hooks.js';
import type { KeyHandlers } from './key-handlers.js';
import type { Passage } from './passage.js';
import type { RefusalReason, RouterObserver } from './router-observer.js';
import type { RoutedMessage } from './sources/source.js';

/** Makes an instance of a message class from a plain value. @throws anything: the payload is then unreadable */
export type ToMessage = (target: MessageClass, plain: unknown) => object;

/** What a {@link Delivery} works with. */
export interface DeliveryOptions {
  readonly dispatch: KeyedDispatch;
  readonly keyHandlers: KeyHandlers;
  readonly toMessage: ToMessage;
  readonly observer: RouterObserver;
}

/** A message that has been parsed, and whose it is. */
export interface ParsedMessage {
  readonly source: string;
  readonly routed: RoutedMessage;
  readonly hooks: HookChain;
}

/** An error that an error hook decides about. */
export type Undecided = {
  [N in keyof DecidingHooks]: { readonly hook: N; readonly error: DecidingHooks[N] };
}[keyof DecidingHooks];

const REASONS: Readonly<Record<keyof DecidingHooks, RefusalReason>> = {
  onNoSource: 'noSource',
  onParseError: 'unreadable',
  onNoHandler: 'noHandler',
  onUnmarshalError: 'unreadable',
  onValidationError: 'invalid',
};

/** Runs what handles the message; told apart by whether there is an instance of a message class. */
interface Run {
  readonly route: KeyedRoute | undefined;
  readonly message: object | undefined;
  readonly start: () => unknown;
}

/** The second half of the router: from a parsed message to its handler, and the outcome back to where it came from. */
export class Delivery {
  constructor(private readonly options: DeliveryOptions) {}

  /** Hands a message to what handles its key. @throws what `process` rejects with */
  async deliver(passage: Passage, parsed: ParsedMessage): Promise<ProcessResult> {
    const { routed } = parsed;
    if (parsed.hooks.takesParse) await this.take('onParse', passage, parsed);
    const run = this.prepare(passage, parsed);
    if ('hook' in run) return this.decide(passage, parsed.hooks, run);
    if (parsed.hooks.takesDispatch) await this.take('onDispatch', passage, parsed);
    const startedMs = parsed.hooks.timed ? performance.now() : 0;
    let result: unknown;
    try {
      result = await run.start();
    } catch (cause) {
      return this.failed(passage, { parsed, run, cause, startedMs });
    }
    if (parsed.hooks.timed) await parsed.hooks.succeeded(passage, performance.now() - startedMs);
    if (routed.replier !== undefined) await this.reply(passage, { result });
    return passage.result('handled', result);
  }

  /** Lets the error hooks decide about a failed message. @throws what fails it */
  async decide(passage: Passage, hooks: HookChain, { hook, error }: Undecided): Promise<ProcessResult> {
    passage.reason = REASONS[hook];
    await hooks.decide(hook, passage, error);
    this.options.observer.skipped({ source: passage.source, key: passage.key, reason: passage.reason, error });
    return passage.result('skipped', undefined);
  }

  /** Tells the replier, if the source gave one. Never rejects: the observer is told of a reply that cannot be sent. */
  async reply(passage: Passage, outcome: { readonly result: unknown } | { readonly error: unknown }): Promise<void> {
    const replier = passage.routed?.replier;
    if (replier === undefined) return;
    const replied = 'error' in outcome ? 'error' : 'result';
    try {
      await ('error' in outcome ? replier.fail(outcome.error) : replier.reply(outcome.result ?? {}));
    } catch (error) {
      this.options.observer.replierFailed({ source: passage.source, key: passage.key, replied, error });
    }
  }

  private async take(hook: 'onParse' | 'onDispatch', passage: Passage, parsed: ParsedMessage): Promise<void> {
    try {
      await parsed.hooks.take(hook, passage);
    } catch (cause) {
      passage.reason = 'hookFailed';
      throw new HookFailedError(hook, parsed.source, parsed.routed.key, { cause });
    }
  }

  private prepare(passage: Passage, { source, routed }: ParsedMessage): Run | Undecided {
    const { key, version, payload } = routed;
    const handler = this.options.keyHandlers.get(key);
    if (handler !== undefined) {
      const start = (): unknown =>
        this.options.dispatch.runFunction({ key, payload, options: passage.sendOptions() }, (context) =>
          handler(payload, keyContext(passage, { source, key, context })),
        );
      return { route: undefined, message: undefined, start };
    }
    const route = this.options.dispatch.routeFor(key, version);
    if (route === undefined) return { hook: 'onNoHandler', error: new NoHandlerError(source, key, version) };
    try {
      const message = this.messageOf(route.definition.target, payload);
      const start = (): unknown => this.options.dispatch.dispatchTo(route, message, passage.sendOptions());
      return { route, message, start };
    } catch (cause) {
      const fault = `its payload cannot become the message "${route.definition.name}", see the cause`;
      return { hook: 'onUnmarshalError', error: new UnreadableRawMessageError(fault, { source, key }, { cause }) };
    }
  }

  private messageOf(target: MessageClass, payload: unknown): object {
    return payload instanceof target ? payload : this.options.toMessage(target, payload);
  }

  private async failed(
    passage: Passage,
    { parsed, run, cause, startedMs }: { parsed: ParsedMessage; run: Run; cause: unknown; startedMs: number },
  ): Promise<ProcessResult> {
    const { source, routed, hooks } = parsed;
    const invalid = invalidityOf(cause, run);
    if (invalid !== undefined) {
      const { messageName, violations } = invalid;
      const error = new InvalidRawMessageError({ source, key: routed.key }, messageName, violations, { cause });
      return this.decide(passage, hooks, { hook: 'onValidationError', error });
    }
    if (isDispatchError(cause, 'DISPATCH_CLOSED')) {
      passage.reason = 'closed';
      throw cause;
    }
    passage.reason = 'handlerFailed';
    const error = new HandlerFailedError(source, routed.key, { cause });
    if (hooks.timed) await hooks.failed(passage, error, performance.now() - startedMs);
    throw error;
  }
}

/** The error that says the routed message breaks its rules; of an event every handler must say so. */
function invalidityOf(cause: unknown, run: Run): InvalidMessageError | undefined {
  if (cause instanceof InvalidMessageError) return concerns(cause, run) ? cause : undefined;
  if (!(cause instanceof EventHandlingError)) return undefined;
  const causes = cause.errors.map((error) => (error instanceof Error ? error.cause : undefined));
  const invalid = causes.filter((each) => each instanceof InvalidMessageError && concerns(each, run));
  const [first] = invalid;
  return invalid.length === causes.length && first instanceof InvalidMessageError ? first : undefined;
}

/** Whether the routed message itself is the invalid one, not another that its handler sent. */
function concerns(error: InvalidMessageError, { route, message }: Run): boolean {
  if (message === undefined) return false;
  return error.subject === undefined ? error.messageName === route?.definition.name : error.subject === message;
}

function keyContext(
  { headers, meta }: Passage,
  facts: Pick<KeyHandlerContext, 'source' | 'key' | 'context'>,
): KeyHandlerContext {
  return { ...facts, headers, meta, ...(meta.signal !== undefined && { signal: meta.signal }) };
}
