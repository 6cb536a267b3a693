import { describeKind, isOptionsObject } from '../common/describe-value.js';
import type { TransportMeta } from '../dispatcher/raw-intake.js';
import type { InvalidMessageError, UnreadableMessageError } from '../message/errors.js';
import type { HandlerFailedError, NoHandlerError, NoSourceError } from './errors.js';

/** What hooks see of a message: as much as is known at that point. */
export interface RouteContext {
  /** The name of the source; undefined before one has recognised the message. */
  readonly source: string | undefined;
  /** Undefined before the source has parsed the message, as are `version`, `id` and `payload`. */
  readonly key: string | undefined;
  readonly version: number | undefined;
  readonly id: string | undefined;
  readonly payload: unknown;
  /** Headers the dispatched message will carry, from the source; `onParse` may add to them and change them. */
  readonly headers: Record<string, string>;
  readonly meta: TransportMeta;
}

/**
 * Hooks of one source, run after the module's own. All may be asynchronous and are awaited, one after the other.
 *
 * `onParse` and `onDispatch` take part: if one throws, the message fails with `DISPATCH_HOOK_FAILED`, because it would
 * otherwise go on without what the hook adds or checks. `onSuccess` and `onFailure` only observe: what they throw is
 * logged. The others decide about a failed message: if all return it is skipped, the first that throws fails it with
 * what it threw, and with no hook at all it fails with the error the hook would have been given.
 *
 * There is no hook for a bad signature or a message above the size limit: those always fail.
 */
export interface SourceHooks {
  /** After the source has parsed a message, before its handler is looked up. */
  onParse?(context: RouteContext): void | PromiseLike<void>;
  /** Right before the handlers start. */
  onDispatch?(context: RouteContext): void | PromiseLike<void>;
  /** After the handlers are done, before the reply. `durationMs` counts from the start of the handlers. */
  onSuccess?(context: RouteContext, durationMs: number): void | PromiseLike<void>;
  /** After a handler has failed; `error.cause` is what it threw. `durationMs` counts from the start of the handlers. */
  onFailure?(context: RouteContext, error: HandlerFailedError, durationMs: number): void | PromiseLike<void>;
  /** Decides about a message that no inspector can read, or that its source cannot parse. */
  onParseError?(context: RouteContext, error: UnreadableMessageError): void | PromiseLike<void>;
  /** Decides about a message whose key nothing handles. */
  onNoHandler?(context: RouteContext, error: NoHandlerError): void | PromiseLike<void>;
  /** Decides about a message whose payload cannot be made an instance of its class. */
  onUnmarshalError?(context: RouteContext, error: UnreadableMessageError): void | PromiseLike<void>;
  /** Decides about a message that breaks the rules of its class. */
  onValidationError?(context: RouteContext, error: InvalidMessageError): void | PromiseLike<void>;
}

/** Hooks of the whole module: those of a source, and one for messages no source recognises. */
export interface RouterHooks extends SourceHooks {
  /** Decides about a message no source recognises. */
  onNoSource?(context: RouteContext, error: NoSourceError): void | PromiseLike<void>;
}

const EVERY_SOURCE = {
  onParse: true,
  onDispatch: true,
  onSuccess: true,
  onFailure: true,
  onParseError: true,
  onNoHandler: true,
  onUnmarshalError: true,
  onValidationError: true,
} satisfies Record<keyof SourceHooks, true>;

/** The names of the hooks a source may have. */
export const SOURCE_HOOKS: readonly string[] = Object.keys(EVERY_SOURCE);

/** The names of the hooks of the whole module. */
const ROUTER_HOOKS: readonly string[] = [...SOURCE_HOOKS, 'onNoSource' satisfies keyof RouterHooks];

/** What is wrong with one entry of the option "hooks"; empty if nothing is. */
export function hookProblems(hooks: unknown): readonly string[] {
  if (!isOptionsObject(hooks)) {
    return [`holds ${describeKind(hooks)}: give an object or an instance with hooks such as onNoHandler`];
  }
  const wrong = wrongHooks(hooks).map((problem) => `holds an object that ${problem}`);
  const prototype: unknown = Object.getPrototypeOf(hooks);
  if (prototype === Object.prototype || prototype === null) {
    const unknown = Object.keys(hooks).filter((name) => !ROUTER_HOOKS.includes(name));
    return [...wrong, ...unknown.map((name) => `holds the unknown hook "${name}": the hooks are ${KNOWN}`)];
  }
  // An instance may well have other methods, but one without any hook is there by mistake.
  const isIdle = !ROUTER_HOOKS.some((name) => name in hooks);
  return isIdle ? [`holds an instance of ${hooks.constructor.name}, which has no hook: the hooks are ${KNOWN}`] : wrong;
}

const KNOWN = ROUTER_HOOKS.join(', ');

/** Hooks that are there but cannot be called. */
export function wrongHooks(holder: object): readonly string[] {
  return ROUTER_HOOKS.flatMap((name) => {
    const hook: unknown = Reflect.get(holder, name);
    const isFine = hook === undefined || typeof hook === 'function';
    return isFine ? [] : [`has a hook "${name}" that is ${describeKind(hook)}, not a function`];
  });
}

/** The error hooks and what they are given. */
export interface DecidingHooks {
  readonly onNoSource: NoSourceError;
  readonly onParseError: UnreadableMessageError;
  readonly onNoHandler: NoHandlerError;
  readonly onUnmarshalError: UnreadableMessageError;
  readonly onValidationError: InvalidMessageError;
}

/** The hooks that concern one source, or, without one, the messages nobody recognised: global first. */
export class HookChain {
  /** Whether anybody wants to know how long handlers take. */
  readonly timed: boolean;
  /** Whether there is an `onParse` at all; nothing is awaited for nobody. */
  readonly takesParse: boolean;
  /** Whether there is an `onDispatch` at all. */
  readonly takesDispatch: boolean;

  constructor(
    private readonly hooks: readonly RouterHooks[],
    private readonly reportFault: (hook: string, error: unknown) => void,
  ) {
    this.takesParse = hooks.some((hook) => hook.onParse !== undefined);
    this.takesDispatch = hooks.some((hook) => hook.onDispatch !== undefined);
    this.timed = hooks.some((hook) => hook.onSuccess !== undefined || hook.onFailure !== undefined);
  }

  /** Runs a hook that takes part. @throws what the first failing one throws */
  async take(name: 'onParse' | 'onDispatch', context: RouteContext): Promise<void> {
    for (const hook of this.hooks) await hook[name]?.(context);
  }

  async succeeded(context: RouteContext, durationMs: number): Promise<void> {
    for (const hook of this.hooks) await this.observe('onSuccess', () => hook.onSuccess?.(context, durationMs));
  }

  async failed(context: RouteContext, error: HandlerFailedError, durationMs: number): Promise<void> {
    for (const hook of this.hooks) await this.observe('onFailure', () => hook.onFailure?.(context, error, durationMs));
  }

  /** Asks the error hooks; resolves when the message is to be skipped. @throws what fails the message */
  async decide<N extends keyof DecidingHooks>(name: N, context: RouteContext, error: DecidingHooks[N]): Promise<void> {
    let asked = false;
    for (const hooks of this.hooks) {
      // The type of a hook's second parameter is that of its name in DecidingHooks.
      const hook = hooks[name] as ((context: RouteContext, error: DecidingHooks[N]) => unknown) | undefined;
      if (hook === undefined) continue;
      asked = true;
      await hook.call(hooks, context, error);
    }
    const undecided: Error = error;
    if (!asked) throw undecided;
  }

  private async observe(name: string, run: () => unknown): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.reportFault(name, error);
    }
  }
}
