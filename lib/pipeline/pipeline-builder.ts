import type { WiringMistake } from '../handlers/errors.js';
import type { RegisteredHandler } from '../handlers/handler-registry.js';
import { invokeProvider, type Invoke, type InvokeInstance } from '../handlers/invocation.js';
import type { MessageScopes } from '../handlers/message-scopes.js';
import { isPromiseLike } from '../common/promises.js';
import type { AmbientStore } from '../message/ambient-context.js';
import type { MessageDefinition } from '../message/message.decorator.js';
import type { MessageValidators } from '../message/validation/message-validators.js';
import { hooksOf, skippedBehaviorsOf, usedBehaviorsOf, type HandlerHooks } from './behavior.decorators.js';
import type { BehaviorRegistry, PlacedStep } from './behavior-registry.js';
import { LoggingBehavior, type LoggingOptions } from './behaviors/logging.behavior.js';
import { TimeoutBehavior } from './behaviors/timeout.behavior.js';
import { ValidationBehavior } from './behaviors/validation.behavior.js';
import { compose } from './compose.js';

/** A handler with everything around it, for messages of one class. */
export interface Pipeline {
  readonly invoke: Invoke;
  /** The same with a time limit, for a sender who sets one. */
  readonly invokeLimited: Invoke;
}

/** What the builder needs; all of it lives as long as the application. */
export interface PipelineBuilderOptions {
  readonly behaviors: BehaviorRegistry;
  readonly scopes: MessageScopes;
  readonly validators: MessageValidators;
  readonly logging: LoggingOptions | undefined;
  readonly ambient: AmbientStore;
}

/** Puts the pipeline of a handler together, once per handler and message class. */
export class PipelineBuilder {
  constructor(private readonly options: PipelineBuilderOptions) {}

  /** @param timeoutMs the limit that holds where the sender sets none; 0 means no limit. */
  build(handler: RegisteredHandler, definition: MessageDefinition, timeoutMs: number): Pipeline {
    const innermost = invokeProvider(handler.provider, this.options.scopes, withHooks(handler));
    const limited = compose(this.steps(handler, definition, true), innermost);
    return {
      invoke: timeoutMs > 0 ? limited : compose(this.steps(handler, definition, false), innermost),
      invokeLimited: limited,
    };
  }

  /** The behaviors that a handler names but nobody provides. */
  mistakesOf(handler: RegisteredHandler): WiringMistake[] {
    return usedBehaviorsOf(handler.provider.type)
      .filter((type) => !this.options.behaviors.has(type))
      .map((type) => ({
        rule: 'unknown-behavior',
        text: `${handler.provider.label} uses ${type?.name ?? 'an undefined class'}, which is no behavior here: decorate it with @Behavior and add it to the providers of a module.`,
      }));
  }

  /** Has the ambient context kept where the handler, or what stands around it, can see one. */
  noteReaders(handler: RegisteredHandler): void {
    const { ambient, behaviors, logging } = this.options;
    const { provider, kind, method } = handler;
    const hooks = hooksOf(provider.type);
    const around =
      behaviors.stepsFor(kind, usedBehaviorsOf(provider.type)).length + hooks.before.length + hooks.after.length;
    const call: unknown = Reflect.get(provider.instance, method);
    // A rest parameter, a default or `arguments` may hide a second one behind any length but 1.
    const takesContext = typeof call !== 'function' || call.length !== 1;
    if (takesContext || around > 0 || logging !== undefined || !provider.isStatic) ambient.want();
  }

  private steps(handler: RegisteredHandler, definition: MessageDefinition, isLimited: boolean): PlacedStep[] {
    const { behaviors, logging, validators } = this.options;
    const skipped = skippedBehaviorsOf(definition.target);
    const validator = validators.validatorFor(definition, handler.options.schema);
    const steps = behaviors.stepsFor(handler.kind, usedBehaviorsOf(handler.provider.type));
    if (logging !== undefined) steps.push(shipped(LoggingBehavior, new LoggingBehavior(definition, logging), -300));
    if (isLimited) steps.push(shipped(TimeoutBehavior, new TimeoutBehavior(), -200));
    if (validator !== undefined) steps.push(shipped(ValidationBehavior, new ValidationBehavior(validator), -100));
    return steps.filter(({ type }) => !skipped.includes(type)).toSorted((a, b) => a.priority - b.priority);
  }
}

function shipped(type: PlacedStep['type'], behavior: InstanceType<PlacedStep['type']>, priority: number): PlacedStep {
  return { name: type.name, type, priority, handle: (context, next) => behavior.handle(context, next) };
}

function withHooks(handler: RegisteredHandler): InvokeInstance {
  const call = handler.method === 'execute' ? callExecute : callHandle;
  const hooks = hooksOf(handler.provider.type);
  return hooks.before.length + hooks.after.length === 0 ? call : hooked(call, hooks);
}

function hooked(call: InvokeInstance, hooks: HandlerHooks): InvokeInstance {
  return async (instance, context) => {
    for (const method of hooks.before) await callMethod(instance, method, context.message, context);
    const returned = call(instance, context);
    const result: unknown = isPromiseLike(returned) ? await returned : returned;
    for (const method of hooks.after) await callMethod(instance, method, result, context);
    return result;
  };
}

const callExecute: InvokeInstance = (instance, context) =>
  (instance as { execute(message: object, context: object): unknown }).execute(context.message, context);

const callHandle: InvokeInstance = (instance, context) =>
  (instance as { handle(message: object, context: object): unknown }).handle(context.message, context);

function callMethod(instance: object, method: string | symbol, ...args: unknown[]): unknown {
  return (Reflect.get(instance, method) as (...args: unknown[]) => unknown).apply(instance, args);
}
