import { ModuleRef } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { ContextId, InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';

/** A provider or controller of the application, seen as a class that may carry our metadata. */
export class DiscoveredProvider {
  /** The class whose metadata counts: that of the instance, or the token where a plain object stands in for it. */
  readonly type: abstract new (...args: never[]) => object;
  readonly moduleName: string;
  /** Whether one instance serves the whole application; others are resolved for each message. */
  readonly isStatic: boolean;

  private constructor(
    private readonly wrapper: InstanceWrapper<object>,
    type: DiscoveredProvider['type'],
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

  /** The one instance of a static provider; for others a bare object with the class's prototype. */
  get instance(): object {
    return this.wrapper.instance;
  }

  /** The instance that belongs to one dependency-injection scope. */
  async resolve(contextId: ContextId): Promise<object> {
    if (this.isStatic) return this.instance;
    const moduleRef = this.wrapper.host?.getProviderByKey(ModuleRef)?.instance;
    if (moduleRef === undefined) return this.instance;
    return moduleRef.resolve<object>(this.wrapper.token as string, contextId, { strict: true });
  }
}

function classOf(wrapper: InstanceWrapper<object>): DiscoveredProvider['type'] | undefined {
  const instance: unknown = wrapper.instance;
  const made = typeof instance === 'object' && instance !== null ? instance.constructor : undefined;
  const isStandIn = made === undefined || made === Object;
  const type: unknown = isStandIn ? (isClass(wrapper.token) ? wrapper.token : wrapper.metatype) : made;
  return isClass(type) ? type : undefined;
}

function isClass(value: unknown): value is DiscoveredProvider['type'] {
  return typeof value === 'function' && value.prototype !== undefined;
}
