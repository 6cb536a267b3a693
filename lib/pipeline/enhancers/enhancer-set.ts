import type { CanActivate, NestInterceptor, PipeTransform, Type } from '@nestjs/common';
import { NestContainer, type ApplicationConfig, type ContextId, type ModulesContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import type { ExternalExceptionsHandler } from '@nestjs/core/exceptions/external-exceptions-handler.js';
import { GuardsContextCreator } from '@nestjs/core/guards/index.js';
import { InterceptorsContextCreator } from '@nestjs/core/interceptors/index.js';
import { PipesContextCreator } from '@nestjs/core/pipes/index.js';

/** A method of any class, as Nest knows it; here it is only looked at. */
export type HandlerMethod = (...args: unknown[]) => void;

/** A handler as Nest's context creators know it. */
export interface EnhancerHost {
  /** An object of the handler's class, which need not be the one that handles: a test may have put a mock in its place. */
  readonly bare: object;
  readonly type: Type;
  readonly method: HandlerMethod;
  readonly moduleKey: string;
  /** The id of its provider: what is transient is made once for each. */
  readonly id: string;
  /** The class of its messages. */
  readonly message: Type;
}

/** What stands around one handler, in the order in which Nest asks it. */
export interface EnhancerSet {
  readonly guards: readonly CanActivate[];
  readonly interceptors: readonly NestInterceptor[];
  readonly pipes: readonly PipeTransform[];
  readonly filters: ExternalExceptionsHandler;
}

/** Makes the sets of handlers by Nest's own context creators, the global ones of a configuration before a handler's own. */
export class EnhancerSets {
  private readonly guards: GuardsContextCreator;
  private readonly interceptors: InterceptorsContextCreator;
  private readonly pipes: PipesContextCreator;
  private readonly filters: ExternalExceptionFilterContext;

  constructor(modules: ModulesContainer, globals: ApplicationConfig | undefined) {
    const container = new ContainerOf(modules);
    this.guards = new GuardsContextCreator(container, globals);
    this.interceptors = new InterceptorsContextCreator(container, globals);
    this.pipes = new PipesContextCreator(container, globals);
    this.filters = new ExternalExceptionFilterContext(container, globals);
  }

  /** @param contextId the scope of the message; what is made for each must be there already */
  setFor({ bare, method, moduleKey, id }: EnhancerHost, contextId: ContextId): EnhancerSet {
    return {
      guards: this.guards.create(bare, method, moduleKey, contextId, id),
      interceptors: this.interceptors.create(bare, method, moduleKey, contextId, id),
      pipes: this.pipes.create(bare, method, moduleKey, contextId, id),
      filters: this.filters.create(bare, method, moduleKey, contextId, id),
    };
  }
}

/** Shows the creators the modules of the application, whose own container Nest hands to nobody. */
class ContainerOf extends NestContainer {
  constructor(private readonly shown: ModulesContainer) {
    super();
  }

  override getModules(): ModulesContainer {
    return this.shown;
  }
}
