import type { WiringMistake } from '../handlers/errors.js';
import type { RegisteredHandler } from '../handlers/handler-registry.js';
import { invokeProvider, type Invoke, type InvokeInstance } from '../handlers/invocation.js';
import type { MessageScopes } from '../handlers/message-scopes.js';
import { describeKind } from '../common/describe-value.js';
import { isPromiseLike } from '../common/promises.js';
import { takesOneArgument } from '../common/takes-one-argument.js';
import type { AmbientStore } from '../message/ambient-context.js';
import type { MessageContext } from '../message/message-context.js';
import type { MessageDefinition } from '../message/message.decorator.js';
import type { MessageValidators } from '../message/validation/message-validators.js';
import {
  behaviorOptionsOf,
  hooksOf,
  skippedBehaviorsOf,
  usedBehaviorsOf,
  type HandlerHooks,
} from './behavior.decorators.js';
import { shippedStep, type BehaviorRegistry, type PlacedStep } from './behavior-registry.js';
import { LoggingBehavior, type LoggingOptions } from './behaviors/logging.behavior.js';
import { TimeoutBehavior } from './behaviors/timeout.behavior.js';
import { ValidationBehavior } from './behaviors/validation.behavior.js';
import { compose } from './compose.js';
import { IdempotencyBehavior } from './idempotency/idempotency.behavior.js';
import type { IdempotentCalls } from './idempotency/idempotent-calls.js';
import { checkIdempotentOptions, idempotentOptionsOf } from './idempotency/idempotent.decorator.js';
import { checkInSequenceOptions, inSequenceOptionsOf } from './sequence/in-sequence.decorator.js';
import { SequenceBehavior } from './sequence/sequence.behavior.js';
import type { Sequences } from './sequence/sequences.js';
import type { NestEnhancers } from './enhancers/nest-enhancers.js';
import { BulkheadBehavior } from './resilience/bulkhead/bulkhead.behavior.js';
import { CircuitBreakerBehavior } from './resilience/circuit-breaker/circuit-breaker.behavior.js';
import type { QueryCaching } from './query-cache/query-caching.js';
import { QueryInvalidationBehavior } from './query-cache/query-invalidation.behavior.js';
import { RateLimitBehavior } from './resilience/rate-limit/rate-limit.behavior.js';
import type { Inbox } from './transactions/inbox.js';
import { TransactionalBehavior } from './transactions/transactional.behavior.js';
import { checkTransactionalOptions, transactionalOptionsOf } from './transactions/transactional.decorator.js';
import type { Transactions } from '../transactions/transactions.js';
import type { Resilience } from './resilience/resilience.js';

/** A handler with everything around it, for messages of one class. */
export interface Pipeline {
  readonly invoke: Invoke;
  /** The same with a time limit, for a sender who sets one. */
  readonly invokeLimited: Invoke;
  /** Calls the handler with the message alone; there where it takes nothing else and nothing stands around it. */
  readonly invokeBare: ((message: object) => unknown) | undefined;
}

/** What the builder needs; all of it lives as long as the application. */
export interface PipelineBuilderOptions {
  readonly behaviors: BehaviorRegistry;
  readonly scopes: MessageScopes;
  readonly validators: MessageValidators;
  readonly logging: LoggingOptions | undefined;
  readonly ambient: AmbientStore;
  readonly idempotency: IdempotentCalls;
  readonly sequences: Sequences;
  readonly enhancers: NestEnhancers;
  readonly resilience: Resilience;
  readonly queryCaching: QueryCaching;
  readonly transactions: Transactions;
  readonly inbox: Inbox;
}

/** Puts the pipeline of a handler together, once per handler and message class. */
export class PipelineBuilder {
  constructor(private readonly options: PipelineBuilderOptions) {}

  /** @param timeoutMs the limit that holds where the sender sets none; 0 means no limit. */
  build(handler: RegisteredHandler, definition: MessageDefinition, timeoutMs: number): Pipeline {
    const { enhancers, queryCaching, scopes } = this.options;
    const own = queryCaching.around(handler, definition, withHooks(handler));
    const call = enhancers.around(handler, definition.target, own);
    const innermost = invokeProvider(handler.provider, scopes, call);
    const limited = compose(this.steps(handler, definition, true), innermost);
    if (timeoutMs > 0) return { invoke: limited, invokeLimited: limited, invokeBare: undefined };
    const steps = this.steps(handler, definition, false);
    const isEnhanced = enhancers.concerns(handler) || queryCaching.concerns(handler);
    const isAlone = steps.length === 0 && !hasHooks(handler) && !isEnhanced;
    const isBare = isAlone && handler.provider.isStatic && takesMessageOnly(handler);
    return {
      invoke: compose(steps, innermost),
      invokeLimited: limited,
      invokeBare: isBare ? bare(handler) : undefined,
    };
  }

  /** Calls the handler's method `onFailed`, with the message, the error and the context; undefined where it has none. */
  onFailedOf({ provider }: RegisteredHandler): ((context: MessageContext, error: unknown) => unknown) | undefined {
    const { prototype } = provider.type as { readonly prototype: unknown };
    if (typeof prototype !== 'object' || prototype === null || !('onFailed' in prototype)) return undefined;
    return (context, error) =>
      invokeProvider(provider, this.options.scopes, (instance) =>
        callMethod(instance, 'onFailed', context.message, error, context),
      )(context);
  }

  /** What a handler names to stand around it but that is nothing of the kind, or that nobody provides. */
  mistakesOf(handler: RegisteredHandler): WiringMistake[] {
    const { provider } = handler;
    const { behaviors, enhancers, queryCaching, resilience, transactions } = this.options;
    const unknown = usedBehaviorsOf(provider.type)
      .filter((type) => !behaviors.has(type))
      .map((type): WiringMistake => ({ rule: 'unknown-behavior', text: `${provider.label} uses ${unusable(type)}.` }));
    const shipped = [
      ...idempotencyMistakes(handler),
      ...sequenceMistakes(handler),
      ...transactionMistakes(handler, transactions),
      ...resilience.mistakesOf(handler),
      ...queryCaching.mistakesOf(handler),
    ];
    return [...unknown, ...enhancers.mistakesOf(handler), ...shipped];
  }

  /** Has the ambient context kept where the handler, or what stands around it, can see one. */
  noteReaders(handler: RegisteredHandler): void {
    const { ambient, behaviors, enhancers, logging } = this.options;
    const { provider, kind } = handler;
    const hasBehaviors = behaviors.stepsFor(kind, usedBehaviorsOf(provider.type)).length > 0;
    const isSeenAround = hasBehaviors || hasHooks(handler) || enhancers.concerns(handler) || logging !== undefined;
    if (isSeenAround || !provider.isStatic || !takesMessageOnly(handler)) ambient.want();
  }

  private steps(handler: RegisteredHandler, definition: MessageDefinition, isLimited: boolean): PlacedStep[] {
    const { behaviors, logging, queryCaching, resilience, validators } = this.options;
    const skipped = skippedBehaviorsOf(definition.target);
    const validator = validators.validatorFor(definition, handler.options.schema);
    const steps = behaviors.stepsFor(handler.kind, usedBehaviorsOf(handler.provider.type));
    if (logging !== undefined) steps.push(shippedStep(LoggingBehavior, new LoggingBehavior(definition, logging), -300));
    const idempotent = idempotentOptionsOf(handler.provider.type);
    if (idempotent !== undefined) {
      const once = new IdempotencyBehavior(this.options.idempotency, idempotent);
      steps.push(shippedStep(IdempotencyBehavior, once, -250));
    }
    const numbered = inSequenceOptionsOf(handler.provider.type);
    if (numbered !== undefined) {
      steps.push(shippedStep(SequenceBehavior, new SequenceBehavior(this.options.sequences, numbered), -260));
    }
    steps.push(...queryCaching.stepsFor(handler, definition), ...resilience.stepsFor(handler, definition));
    const transactional = transactionalOptionsOf(handler.provider.type);
    if (transactional !== undefined) {
      const inTransaction = new TransactionalBehavior(this.options.transactions, this.options.inbox, transactional);
      steps.push(shippedStep(TransactionalBehavior, inTransaction, -210));
    }
    if (isLimited) steps.push(shippedStep(TimeoutBehavior, new TimeoutBehavior(), -200));
    if (validator !== undefined) {
      const limit = isLimited && !skipped.includes(TimeoutBehavior) ? new TimeoutBehavior() : undefined;
      steps.push(shippedStep(ValidationBehavior, new ValidationBehavior(validator, limit), -280));
    }
    return steps.filter(({ type }) => !skipped.includes(type)).toSorted((a, b) => a.priority - b.priority);
  }
}

const SHIPPED = new Map<unknown, string>([
  [LoggingBehavior, 'set the option "logging" of DispatchModule'],
  [IdempotencyBehavior, 'decorate the handler with @Idempotent'],
  [QueryInvalidationBehavior, 'decorate the handler with @InvalidatesQueries'],
  [RateLimitBehavior, 'decorate the handler with @RateLimit'],
  [BulkheadBehavior, 'decorate the handler with @Bulkhead'],
  [CircuitBreakerBehavior, 'decorate the handler with @CircuitBreaker'],
  [SequenceBehavior, 'decorate the handler with @InSequence'],
  [TransactionalBehavior, 'decorate the handler with @Transactional'],
  [TimeoutBehavior, 'set "timeoutMs" of the handler or of DispatchModule'],
  [ValidationBehavior, 'give the message rules'],
]);

function idempotencyMistakes({ kind, provider }: RegisteredHandler): WiringMistake[] {
  const options = idempotentOptionsOf(provider.type);
  if (options === undefined) return [];
  const { mistakes } = checkIdempotentOptions(provider.label, options);
  if (kind !== 'query') return mistakes;
  const text = `${provider.label} handles a query and is @Idempotent, which is for commands and events: a query changes nothing.`;
  return [...mistakes, { rule: 'invalid-options', text }];
}

function sequenceMistakes({ kind, provider }: RegisteredHandler): WiringMistake[] {
  const options = inSequenceOptionsOf(provider.type);
  if (options === undefined) return [];
  const { mistakes } = checkInSequenceOptions(provider.label, options);
  if (kind !== 'query') return mistakes;
  const text = `${provider.label} handles a query and is @InSequence, which is for commands and events: a query changes nothing.`;
  return [...mistakes, { rule: 'invalid-options', text }];
}

function transactionMistakes(
  { provider, options: { phase } }: RegisteredHandler,
  { isConfigured }: Transactions,
): WiringMistake[] {
  const options = transactionalOptionsOf(provider.type);
  if (options === undefined && phase === undefined) return [];
  const { mistakes } = checkTransactionalOptions(provider.label, options ?? {});
  if (isConfigured) return mistakes;
  const what = options === undefined ? `has the phase '${phase}'` : 'is @Transactional';
  const text = `${provider.label} ${what}, and there are no transactions: give DispatchModule.forRoot() the option "transactions".`;
  return [...mistakes, { rule: 'missing-transactions', text }];
}

/** Names a class that a handler cannot use as a behavior, and says why. */
function unusable(type: unknown): string {
  if (typeof type !== 'function') return `${describeKind(type)} as a behavior: name a class decorated with @Behavior`;
  const instead = SHIPPED.get(type);
  if (instead !== undefined) return `${type.name}, which is put around handlers by itself: ${instead} instead`;
  return behaviorOptionsOf(type) === undefined
    ? `${type.name}, which is not decorated with @Behavior: do so, and add it to the providers of a module`
    : `${type.name}, which no module provides: add it to the providers of one`;
}

function hasHooks({ provider }: RegisteredHandler): boolean {
  const { before, after } = hooksOf(provider.type);
  return before.length + after.length > 0;
}

function takesMessageOnly({ provider, method }: RegisteredHandler): boolean {
  return takesOneArgument(Reflect.get(provider.instance, method));
}

function bare({ provider, method }: RegisteredHandler): (message: object) => unknown {
  const instance = provider.instance as HandlingMethods;
  return method === 'execute' ? (message) => instance.execute(message) : (message) => instance.handle(message);
}

function withHooks(handler: RegisteredHandler): InvokeInstance {
  const call = takesMessageOnly(handler) ? withoutContext[handler.method] : withContext[handler.method];
  return hasHooks(handler) ? hooked(call, hooksOf(handler.provider.type)) : call;
}

function hooked(call: InvokeInstance, hooks: HandlerHooks): InvokeInstance {
  return async (instance, message, context) => {
    for (const method of hooks.before) await callMethod(instance, method, message, context);
    const returned = call(instance, message, context);
    const result: unknown = isPromiseLike(returned) ? await returned : returned;
    for (const method of hooks.after) await callMethod(instance, method, result, context);
    return result;
  };
}

/** A handler has the method that its decorator asks for; that was checked when it was found. */
interface HandlingMethods {
  execute(message: object, context?: object): unknown;
  handle(message: object, context?: object): unknown;
}

const withContext: Readonly<Record<RegisteredHandler['method'], InvokeInstance>> = {
  execute: (instance, message, context) => (instance as HandlingMethods).execute(message, context),
  handle: (instance, message, context) => (instance as HandlingMethods).handle(message, context),
};

/** Who takes the message only is given nothing else, as a spy on the method would see. */
const withoutContext: typeof withContext = {
  execute: (instance, message) => (instance as HandlingMethods).execute(message),
  handle: (instance, message) => (instance as HandlingMethods).handle(message),
};

function callMethod(instance: object, method: string | symbol, ...args: unknown[]): unknown {
  const call: unknown = Reflect.get(instance, method);
  // The decorator stands on methods only, so it is a stand-in for the handler that lacks it, as a test's mock may.
  return typeof call === 'function' ? call.apply(instance, args) : undefined;
}
