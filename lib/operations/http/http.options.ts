import type { CanActivate, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';

import { describeValue } from '../../common/describe-value.js';
import type { WiringMistake } from '../../handlers/errors.js';

/** Where the routes are, and who may use them. */
export interface DeadLettersHttpOptions {
  /**
   * Who may use the routes, all of them to be passed, in this order. Classes are made by Nest, in this module, with what
   * `imports` provides. At least one: without it the application does not start.
   */
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  /** The path of the routes. Default `'dispatch/dead-letters'`. */
  readonly path?: string;
  /** The modules that provide what the guards inject. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/** The same, with guards that are known only when the application starts. */
export interface DeadLettersHttpAsyncOptions extends Pick<DeadLettersHttpOptions, 'path' | 'imports'> {
  /** Makes the guards from what `inject` names. A class is taken from wherever it is provided, or made here. */
  readonly useFactory: (
    ...dependencies: never[]
  ) => Pick<DeadLettersHttpOptions, 'guards'> | Promise<Pick<DeadLettersHttpOptions, 'guards'>>;
  readonly inject?: NonNullable<FactoryProvider['inject']>;
}

/** Where the routes are for which nobody names a path. */
export const DEFAULT_PATH = 'dispatch/dead-letters';

/** What is wrong with the options. */
export function httpOptionsMistakes({ guards, path }: Readonly<Record<'guards' | 'path', unknown>>): WiringMistake[] {
  const isPath = path === undefined || (typeof path === 'string' && !/^\/*$/.test(path));
  const text = `The option "path" of DeadLettersHttpModule is ${describeValue(path)}, not a path.`;
  return [...(isPath ? [] : [{ rule: 'invalid-options', text } as const]), ...guardMistakes(guards)];
}

/** What is given beside the options that there are. */
export function unknownNameMistakes(given: object, known: readonly string[]): WiringMistake[] {
  return Object.keys(given).flatMap((name) => {
    const text = `DeadLettersHttpModule has the option "${name}", which is unknown: the options are ${known.join(', ')}.`;
    return known.includes(name) ? [] : { rule: 'invalid-options', text };
  });
}

/** What is wrong with the guards. */
export function guardMistakes(guards: unknown): WiringMistake[] {
  const start = 'The option "guards" of DeadLettersHttpModule';
  if (!Array.isArray(guards) || guards.length === 0) {
    const what = Array.isArray(guards) ? 'an empty list' : describeValue(guards);
    const why = 'whoever reaches the routes reads and replays messages';
    const text = `${start} is ${what}: ${why}, so name at least one guard, such as guards: [AdminGuard].`;
    return [{ rule: 'missing-guard', text }];
  }
  return guards.flatMap((guard: unknown, index) => {
    const text = `${start} has ${describeValue(guard)} at ${index}, which has no method canActivate.`;
    return isGuard(guard) ? [] : { rule: 'missing-guard', text };
  });
}

function isGuard(guard: unknown): guard is Type<CanActivate> | CanActivate {
  const owner: unknown = typeof guard === 'function' ? guard.prototype : guard;
  return typeof owner === 'object' && owner !== null && typeof Reflect.get(owner, 'canActivate') === 'function';
}
