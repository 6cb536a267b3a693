import { Controller, Module, UseGuards, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import type { WiringMistake } from '../../handlers/errors.js';
import { AsyncGuards, MADE_GUARDS, madeGuards, type MadeGuards } from './async-guards.js';
import {
  DEFAULT_PATH,
  httpOptionsMistakes,
  unknownNameMistakes,
  type DeadLettersHttpAsyncOptions,
  type DeadLettersHttpOptions,
} from './http.options.js';
import { DeadLetterRoutes } from './dead-letters.controller.js';

/** What is wrong with the options of {@link DeadLettersHttpModule}; `DispatchModule` tells it with all other mistakes. */
export const HTTP_MISTAKES = Symbol.for('nestjs-dispatch/http-mistakes');

const NOT_CONFIGURED: WiringMistake = {
  rule: 'missing-guard',
  text: 'DeadLettersHttpModule is imported without forRoot(): import DeadLettersHttpModule.forRoot({ guards: [AdminGuard] }).',
};

/**
 * Adds routes by which dead letters are listed, replayed and discarded, below `/dispatch/dead-letters`. They are there only
 * where this module is imported, and the application does not start where they would have no guard. In what they answer,
 * fields are masked that a message class marks as sensitive; of a class that this process does not know, nothing is.
 *
 * @example
 * ```ts
 * @Module({ imports: [DispatchModule.forRoot(), DeadLettersHttpModule.forRoot({ guards: [AdminGuard] })] })
 * class AppModule {}
 * ```
 */
@Module({ providers: [{ provide: HTTP_MISTAKES, useValue: [NOT_CONFIGURED] }] })
export class DeadLettersHttpModule {
  /** The routes, with guards that are known now. */
  static forRoot(options: DeadLettersHttpOptions): DynamicModule {
    const { guards, path, imports = [] } = options;
    const known = ['guards', 'path', 'imports'] satisfies (keyof DeadLettersHttpOptions)[];
    const mistakes = [...httpOptionsMistakes({ guards, path }), ...unknownNameMistakes(options, known)];
    const provider = { provide: HTTP_MISTAKES, useValue: mistakes };
    const controllers = mistakes.length === 0 ? [controllerAt(path, guards)] : [];
    return { module: DeadLettersHttpModule, imports, providers: [provider], controllers };
  }

  /** The routes, with guards that are made when the application starts. */
  static forRootAsync(options: DeadLettersHttpAsyncOptions): DynamicModule {
    const { useFactory, inject = [], path, imports = [] } = options;
    const known = ['useFactory', 'inject', 'path', 'imports'] satisfies (keyof DeadLettersHttpAsyncOptions)[];
    const guards: Provider = {
      provide: MADE_GUARDS,
      inject: [ModuleRef, ...inject],
      useFactory: async (modules: ModuleRef, ...dependencies: never[]) =>
        madeGuards(await useFactory(...dependencies), modules),
    };
    const ownMistakes = [
      ...httpOptionsMistakes({ guards: [AsyncGuards], path }),
      ...unknownNameMistakes(options, known),
    ];
    const mistakes: Provider = {
      provide: HTTP_MISTAKES,
      inject: [MADE_GUARDS],
      useFactory: (made: MadeGuards) => [...ownMistakes, ...made.mistakes],
    };
    const controllers = ownMistakes.length === 0 ? [controllerAt(path, [AsyncGuards])] : [];
    return { module: DeadLettersHttpModule, imports, providers: [guards, mistakes], controllers };
  }
}

/** A class for each import: two applications in one process may have other paths and guards. */
function controllerAt(path: string | undefined, guards: DeadLettersHttpOptions['guards']): Type {
  @Controller(path ?? DEFAULT_PATH)
  @UseGuards(...guards)
  class DeadLettersController extends DeadLetterRoutes {}
  return DeadLettersController;
}
