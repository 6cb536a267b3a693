import {
  Logger,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';

import type { ICommandPublisher, IEventPublisher, IQueryPublisher } from './buses/publishers.js';
import { isOptionsObject } from './common/describe-value.js';
import { DispatchModule } from './dispatch.module.js';
import type { DispatchOptions } from './dispatch.options.js';
import type { IUnhandledExceptionPublisher } from './failures/unhandled-exception-bus.js';
import type { DispatchAsyncOptions } from './wiring/async-options.js';

/** Options of {@link CqrsModule}, with the names of `@nestjs/cqrs`. */
export interface CqrsModuleOptions {
  readonly commandPublisher?: ICommandPublisher;
  readonly queryPublisher?: IQueryPublisher;
  readonly eventPublisher?: IEventPublisher;
  readonly unhandledExceptionPublisher?: IUnhandledExceptionPublisher;
  /** Has no effect but a warning: the error of an event handler or a saga never becomes an unhandled rejection here. */
  readonly rethrowUnhandled?: boolean;
}

/** A class that makes the options. */
export interface CqrsModuleOptionsFactory {
  createCqrsOptions(): CqrsModuleOptions | Promise<CqrsModuleOptions>;
}

/** Options of `CqrsModule.forRootAsync()`: one of the four ways to make them. */
export interface CqrsModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly useValue?: CqrsModuleOptions;
  /** Makes the options from what `inject` names. */
  readonly useFactory?: (...dependencies: never[]) => CqrsModuleOptions | Promise<CqrsModuleOptions>;
  readonly inject?: NonNullable<FactoryProvider['inject']>;
  /** A class that is made for this. */
  readonly useClass?: Type<CqrsModuleOptionsFactory>;
  /** A class that another module provides. */
  readonly useExisting?: Type<CqrsModuleOptionsFactory>;
  /** Providers for the factory to inject. */
  readonly extraProviders?: readonly Provider[];
}

/**
 * {@link DispatchModule} under the name that applications written for `@nestjs/cqrs` import, so that moving here means
 * changing the import line. It may be imported any number of times, with or without `forRoot()` in the root module.
 */
@Module({ imports: [DispatchModule], exports: [DispatchModule] })
export class CqrsModule {
  static forRoot(options: CqrsModuleOptions = {}): DynamicModule {
    return DispatchModule.forRoot(dispatchOptionsOf(options));
  }

  static forRootAsync(options: CqrsModuleAsyncOptions): DynamicModule {
    const { imports = [], useClass, extraProviders = [] } = options;
    const providers = useClass === undefined ? [...extraProviders] : [...extraProviders, useClass];
    const holder = { module: CqrsOptionsModule, imports, providers, exports: providers };
    return DispatchModule.forRootAsync({ imports: [...imports, holder], ...makingOf(options) });
  }
}

/** Holds what the options are made from. */
@Module({})
class CqrsOptionsModule {}

type Making = Pick<DispatchAsyncOptions, 'useFactory' | 'inject'>;

function makingOf({ useValue, useFactory, inject, useClass, useExisting }: CqrsModuleAsyncOptions): Making {
  if (useFactory !== undefined) {
    const make = async (...dependencies: never[]) => dispatchOptionsOf(await useFactory(...dependencies));
    return { useFactory: make, inject: inject ?? [] };
  }
  const factory = useClass ?? useExisting;
  if (factory === undefined) return { useFactory: () => dispatchOptionsOf(useValue ?? {}) };
  return { useFactory: optionsMadeBy, inject: [factory] };
}

async function optionsMadeBy(factory: CqrsModuleOptionsFactory): Promise<DispatchOptions> {
  return dispatchOptionsOf(await factory.createCqrsOptions());
}

function dispatchOptionsOf(given: CqrsModuleOptions): DispatchOptions {
  // What a factory of a program without types made in their place is refused at bootstrap.
  if (!isOptionsObject(given)) return given;
  const { rethrowUnhandled, ...options } = given;
  if (rethrowUnhandled === true) {
    new Logger('CqrsModule').warn('"rethrowUnhandled" has no effect: watch the UnhandledExceptionBus instead.');
  }
  return options;
}
