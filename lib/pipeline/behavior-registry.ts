import type { DiscoveredProvider } from '../handlers/discovered-provider.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { MessageScopes } from '../handlers/message-scopes.js';
import type { MessageKind } from '../message/message.js';
import { behaviorOptionsOf, type BehaviorClass, type BehaviorOptions } from './behavior.decorators.js';
import { checkBehaviorOptions } from './behavior-options.js';
import type { PipelineBehavior } from './behavior.js';
import type { PipelineStep } from './compose.js';

/** A step with its place among the others. */
export interface PlacedStep extends PipelineStep {
  readonly type: BehaviorClass;
  readonly priority: number;
}

/** The step of a behavior that is put around handlers by itself. */
export function shippedStep(type: BehaviorClass, behavior: PipelineBehavior, priority: number): PlacedStep {
  return { name: type.name, type, priority, handle: (context, next) => behavior.handle(context, next) };
}

interface RegisteredBehavior {
  readonly step: PlacedStep;
  readonly options: BehaviorOptions;
}

/** The behaviors of an application, by class. */
export class BehaviorRegistry {
  private readonly behaviors = new Map<BehaviorClass, RegisteredBehavior>();
  /** Those that cannot run as well, so that one mistake is told once. */
  private readonly provided = new Set<BehaviorClass>();

  constructor(private readonly scopes: MessageScopes) {}

  /** Adds the providers that carry `@Behavior`; the same class in a second module is the same behavior. */
  add(providers: readonly DiscoveredProvider[]): WiringMistake[] {
    const mistakes: WiringMistake[] = [];
    for (const provider of providers) {
      const declared = behaviorOptionsOf(provider.type);
      if (declared === undefined) continue;
      // The decorator stands on such classes only; whether this one has its method is looked at below.
      const type = provider.type as BehaviorClass;
      if (this.provided.has(type)) continue;
      this.provided.add(type);
      const { options, mistakes: wrong } = checkBehaviorOptions(provider.label, declared);
      mistakes.push(...wrong);
      if (typeof provider.member('handle') === 'function') {
        this.behaviors.set(type, { step: this.stepOf(type, provider, options), options });
      } else {
        mistakes.push({ rule: 'missing-method', text: `The behavior ${provider.label} has no method handle().` });
      }
    }
    return mistakes;
  }

  /** Whether some module provides it. */
  has(type: BehaviorClass): boolean {
    return this.provided.has(type);
  }

  /** The steps for a handler: behaviors for all handlers of that kind, and those the handler names. */
  stepsFor(kind: MessageKind, named: readonly BehaviorClass[]): PlacedStep[] {
    return [...this.behaviors.values()]
      .filter(({ options, step }) => options.appliesTo !== 'named' || named.includes(step.type))
      .filter(({ options }) => options.kinds === undefined || options.kinds.includes(kind))
      .map(({ step }) => step);
  }

  private stepOf(type: BehaviorClass, provider: DiscoveredProvider, options: BehaviorOptions): PlacedStep {
    const base = { name: type.name, type, priority: options.priority ?? 0 };
    if (provider.isStatic) {
      const behavior = provider.instance as PipelineBehavior;
      return { ...base, handle: (context, next) => behavior.handle(context, next) };
    }
    return {
      ...base,
      handle: async (context, next) => {
        const behavior = (await provider.resolve(this.scopes.scopeOf(context))) as PipelineBehavior;
        return behavior.handle(context, next);
      },
    };
  }
}
