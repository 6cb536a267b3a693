import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/internal';
import type { Type } from '@nestjs/common';
import { ApplicationConfig, NestContainer, type ContextId, type ModulesContainer } from '@nestjs/core';
import type { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';

import { resolveWrapper } from '../../handlers/discovered-provider.js';
import type { WiringMistake } from '../../handlers/errors.js';
import type { RegisteredHandler } from '../../handlers/handler-registry.js';
import type { InvokeInstance } from '../../handlers/invocation.js';
import type { MessageScopes } from '../../handlers/message-scopes.js';
import type { MessageClass } from '../../message/message.js';
import { EnhancedCall } from './enhanced-call.js';
import { EnhancerSets, type EnhancerHost, type HandlerMethod } from './enhancer-set.js';

const DECORATORS = new Map([
  [GUARDS_METADATA, '@UseGuards'],
  [INTERCEPTORS_METADATA, '@UseInterceptors'],
  [PIPES_METADATA, '@UsePipes'],
  [EXCEPTION_FILTERS_METADATA, '@UseFilters'],
]);

/** What Nest has to say about guards and their like. */
export interface NestEnhancersOptions {
  readonly modules: ModulesContainer;
  readonly external: ExternalContextCreator;
  readonly scopes: MessageScopes;
  /** Whether the global ones of the application apply. */
  readonly isGlobal: boolean;
}

/** Puts Nest's guards, interceptors, pipes and exception filters around handlers that have any. */
export class NestEnhancers {
  private readonly ownOnly: EnhancerSets;
  private readonly globals: ApplicationConfig | undefined;

  constructor(private readonly options: NestEnhancersOptions) {
    this.ownOnly = new EnhancerSets(options.modules, undefined);
    this.globals = options.isGlobal ? configurationOf(options.external) : undefined;
  }

  /** Whether anything stands around a handler. One without is called as if there were no such thing. */
  concerns(handler: RegisteredHandler): boolean {
    return ownOf(handler).length > 0 || (this.globals !== undefined && hasAny(this.globals));
  }

  /** The call of a handler, with what stands around it. */
  around(handler: RegisteredHandler, message: MessageClass, call: InvokeInstance): InvokeInstance {
    if (!this.concerns(handler)) return call;
    const host = hostOf(handler, message);
    const enhanced = new EnhancedCall(host, call);
    if (handler.provider.isStatic && (this.globals === undefined || scopedOf(this.globals).length === 0)) {
      const set = this.setsOf(this.globals).setFor(host, STATIC_CONTEXT);
      return (instance, piped, context) => enhanced.run(set, instance, piped, context);
    }
    const { scopes } = this.options;
    return async (instance, piped, context) => {
      const scope = scopes.scopeOf(context);
      const globals = this.globals && (await inScope(this.globals, scope));
      return enhanced.run(this.setsOf(globals).setFor(host, scope), instance, piped, context);
    };
  }

  /** Classes that are named but that Nest makes no instance of: it would pass them over, and a guard would let all pass. */
  mistakesOf(handler: RegisteredHandler): WiringMistake[] {
    const { provider } = handler;
    const injectables = this.options.modules.get(provider.moduleKey)?.injectables;
    return ownOf(handler)
      .filter(({ enhancer }) => typeof enhancer === 'function' && injectables?.has(enhancer as Type) !== true)
      .map(({ decorator, enhancer }) => {
        const name = (enhancer as Type).name;
        const text = `${provider.label} has ${name} in ${decorator}, which Nest makes for handlers provided by their class only: provide the handler as a class, or with useClass, or give ${decorator} an instance.`;
        return { rule: 'unknown-enhancer', text };
      });
  }

  /** What is wrong with the option that asks for the global ones. */
  globalMistakes(): WiringMistake[] {
    if (!this.options.isGlobal || this.globals !== undefined) return [];
    const text =
      'The option "nestEnhancers" of DispatchModule asks for the global guards and their like, which the installed @nestjs/core does not show: put them on handlers with @UseGuards and its like.';
    return [{ rule: 'invalid-options', text }];
  }

  private setsOf(globals: ApplicationConfig | undefined): EnhancerSets {
    return globals === undefined ? this.ownOnly : new EnhancerSets(this.options.modules, globals);
  }
}

/** What decorators put on a handler's class, its bases included, and on its method. */
function ownOf(handler: RegisteredHandler) {
  const { type } = handler.provider;
  const method = methodOf(handler);
  return [...DECORATORS].flatMap(([key, decorator]) =>
    [type, method].flatMap((target) =>
      ((Reflect.getMetadata(key, target) ?? []) as unknown[]).map((enhancer) => ({ decorator, enhancer })),
    ),
  );
}

/** The method that carries the decorators: that of the class, also where a test's mock is called. */
function methodOf({ provider, method }: RegisteredHandler): HandlerMethod {
  // A handler has the method that its decorator asks for; that was checked when it was found.
  return (Reflect.get(provider.type.prototype as object, method) ?? provider.member(method)) as HandlerMethod;
}

function hostOf(handler: RegisteredHandler, message: MessageClass): EnhancerHost {
  const { provider } = handler;
  const type = asType(provider.type);
  const bare = Object.create(type.prototype as object) as object;
  const { moduleKey, id } = provider;
  return { bare, type, method: methodOf(handler), moduleKey, id, message: asType(message) };
}

/** Nest types every class as one that anybody can make instances of; of these it makes none. */
function asType(target: abstract new (...args: never[]) => object): Type {
  return target as unknown as Type;
}

/** The configuration that Nest gives its creators. It is no provider, and the container that holds it is private. */
function configurationOf(external: ExternalContextCreator): ApplicationConfig | undefined {
  const container: unknown = Reflect.get(external, 'container');
  return container instanceof NestContainer ? container.applicationConfig : undefined;
}

function hasAny(globals: ApplicationConfig): boolean {
  const made = [globals.getGlobalGuards(), globals.getGlobalInterceptors(), globals.getGlobalPipes()];
  return [...made, globals.getGlobalFilters(), scopedOf(globals)].some(({ length }) => length > 0);
}

function scopedOf(globals: ApplicationConfig) {
  return [
    ...globals.getGlobalRequestGuards(),
    ...globals.getGlobalRequestInterceptors(),
    ...globals.getGlobalRequestPipes(),
    ...globals.getGlobalRequestFilters(),
  ];
}

/** The same globals, those that are made for each message included. */
async function inScope(globals: ApplicationConfig, scope: ContextId): Promise<ApplicationConfig> {
  const [guards, interceptors, pipes, filters] = await Promise.all([
    Promise.all(globals.getGlobalRequestGuards().map((wrapper) => resolveWrapper(wrapper, scope))),
    Promise.all(globals.getGlobalRequestInterceptors().map((wrapper) => resolveWrapper(wrapper, scope))),
    Promise.all(globals.getGlobalRequestPipes().map((wrapper) => resolveWrapper(wrapper, scope))),
    Promise.all(globals.getGlobalRequestFilters().map((wrapper) => resolveWrapper(wrapper, scope))),
  ]);
  const made = new ApplicationConfig();
  made.useGlobalGuards(...globals.getGlobalGuards(), ...guards);
  made.useGlobalInterceptors(...globals.getGlobalInterceptors(), ...interceptors);
  made.useGlobalPipes(...globals.getGlobalPipes(), ...pipes);
  made.useGlobalFilters(...globals.getGlobalFilters(), ...filters);
  return made;
}
