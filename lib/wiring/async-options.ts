import type { FactoryProvider, ModuleMetadata, Provider, Type } from '@nestjs/common';

import { isOptionsObject } from '../common/describe-value.js';
import { DISPATCH_OPTIONS, MissingOptions, type DispatchOptions } from '../dispatch.options.js';

/** A class that makes the options. */
export interface DispatchOptionsFactory {
  createDispatchOptions(): DispatchOptions | Promise<DispatchOptions>;
}

/** Options of `DispatchModule.forRootAsync()`: one of the three ways to make them. */
export interface DispatchAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Makes the options from what `inject` names. */
  readonly useFactory?: (...dependencies: never[]) => DispatchOptions | Promise<DispatchOptions>;
  readonly inject?: NonNullable<FactoryProvider['inject']>;
  /** A class that is made for this. */
  readonly useClass?: Type<DispatchOptionsFactory>;
  /** A class that another module provides. */
  readonly useExisting?: Type<DispatchOptionsFactory>;
}

/** The providers that make the options, under {@link DISPATCH_OPTIONS}. */
export function optionsProviders({ useFactory, inject, useClass, useExisting }: DispatchAsyncOptions): Provider[] {
  if (useFactory !== undefined) {
    return [{ provide: DISPATCH_OPTIONS, useFactory: checking(useFactory), inject: [...(inject ?? [])] }];
  }
  const factory = useClass ?? useExisting;
  if (factory === undefined) return [{ provide: DISPATCH_OPTIONS, useValue: {} }];
  const making: Provider = {
    provide: DISPATCH_OPTIONS,
    useFactory: checking((made: DispatchOptionsFactory) => made.createDispatchOptions()),
    inject: [factory],
  };
  return useClass === undefined ? [making] : [useClass, making];
}

type OptionsOf<D extends readonly never[]> = (...dependencies: D) => DispatchOptions | Promise<DispatchOptions>;

function checking<D extends readonly never[]>(make: OptionsOf<D>) {
  return async (...dependencies: D): Promise<DispatchOptions | MissingOptions> => {
    const options: unknown = await make(...dependencies);
    return isOptionsObject(options) ? options : new MissingOptions(options);
  };
}
