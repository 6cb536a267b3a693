import 'reflect-metadata';

import { ModuleRef } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { ContextId, InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';

type ProvidedClass = abstract new (...args: never[]) => object;

/** What the decorators that make a provider something to us write on its class; each is read by its own folder. */
const ROLES = ['handles', 'behavior', 'sagas', 'source', 'on-notification', 'upcaster', 'projection'].map((role) =>
  Symbol.for(`nestjs-dispatch/${role}`),
);

/** A provider or controller of the application, seen as a class that may carry our metadata. */
export class DiscoveredProvider {
  /**
   * The class whose metadata counts: that of the instance, or the token where something without metadata stands in for
   * it, as a test's mock does.
   */
  readonly type: ProvidedClass;
  readonly moduleName: string;
  /** Whether one instance serves the whole application; others are resolved for each message. */
  readonly isStatic: boolean;

  private constructor(
    private readonly wrapper: InstanceWrapper<object>,
    type: ProvidedClass,
  ) {
    this.type = type;
    this.moduleName = wrapper.host?.name ?? '(no module)';
    this.isStatic = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
  }

  /** Sees a wrapper as a class; undefined for values that are none, for aliases and for what is not made yet. */
  static of(wrapper: InstanceWrapper<object>): DiscoveredProvider | undefined {
    if (wrapper.isAlias) return undefined;
    const type = classOf(wrapper);
    return type === undefined ? undefined : new DiscoveredProvider(wrapper, type);
  }

  /** Whether Nest has finished making it; a module being loaded lazily holds providers that are not. */
  static isReady(wrapper: InstanceWrapper<object>): boolean {
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient || wrapper.isAlias) return true;
    return wrapper.getInstanceByContextId(STATIC_CONTEXT).isResolved === true;
  }

  /** Class and module, the way mistakes name it. */
  get label(): string {
    return `${this.type.name} (${this.moduleName})`;
  }

  /** The key of its module in Nest's map of modules; empty where it belongs to none. */
  get moduleKey(): string {
    return this.wrapper.host?.token ?? '';
  }

  /** Tells the provider from all others of the application. */
  get id(): string {
    return this.wrapper.id;
  }

  /** The one instance of a static provider; for others a bare object with the class's prototype. */
  get instance(): object {
    return this.wrapper.instance;
  }

  /** Whether something stands in for the class that is not made by it; such a one need not have all its members. */
  get isStandIn(): boolean {
    return !(this.instance instanceof this.type);
  }

  /** What its instances have under a name; of those made for each message the prototype is asked. */
  member(name: string | symbol): unknown {
    const holder: unknown = this.isStatic ? this.instance : (this.instance ?? this.type.prototype);
    return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
  }

  /** The instance that belongs to one dependency-injection scope. */
  async resolve(contextId: ContextId): Promise<object> {
    return this.isStatic ? this.instance : resolveWrapper(this.wrapper, contextId);
  }
}

/** The instance of what is made for each message that belongs to one dependency-injection scope. */
export async function resolveWrapper<T extends object>(wrapper: InstanceWrapper<T>, contextId: ContextId): Promise<T> {
  const moduleRef = wrapper.host?.getProviderByKey(ModuleRef)?.instance;
  if (moduleRef === undefined) return wrapper.instance;
  return moduleRef.resolve<T>(wrapper.token as string, contextId, { strict: true });
}

function classOf({ instance, token, metatype }: InstanceWrapper<object>): ProvidedClass | undefined {
  const made = classOfInstance(instance);
  const named = isClass(token) ? token : undefined;
  if (made === undefined) return named ?? (isClass(metatype) ? metatype : undefined);
  if (named === undefined || hasRole(made) || !hasRole(named)) return made;
  return made.prototype instanceof named ? nearestWithRole(made) : named;
}

/** The class of an instance; undefined for a plain object, and where there is none yet. */
function classOfInstance(instance: unknown): ProvidedClass | undefined {
  if (typeof instance !== 'object' || instance === null) return undefined;
  const made: unknown = instance.constructor;
  return made !== Object && isClass(made) ? made : undefined;
}

function hasRole(type: ProvidedClass): boolean {
  return ROLES.some((role) => Reflect.hasOwnMetadata(role, type));
}

/** The base nearest to a class that says what a provider is. */
function nearestWithRole(type: ProvidedClass): ProvidedClass {
  const base: unknown = Object.getPrototypeOf(type);
  return !isClass(base) || hasRole(type) ? type : nearestWithRole(base);
}

function isClass(value: unknown): value is ProvidedClass {
  return typeof value === 'function' && value.prototype !== undefined;
}
