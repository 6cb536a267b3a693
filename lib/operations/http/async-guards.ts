import { Inject, Injectable, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';

import type { WiringMistake } from '../../handlers/errors.js';
import { guardMistakes, type DeadLettersHttpOptions } from './http.options.js';

/** The token of the guards that a factory made. */
export const MADE_GUARDS = Symbol.for('nestjs-dispatch/made-guards');

/** What a factory made. */
export interface MadeGuards {
  readonly guards: readonly CanActivate[];
  /** What is wrong with it. */
  readonly mistakes: readonly WiringMistake[];
}

/** Takes what a factory made, which may be anything, and makes the guards that are classes. */
export async function madeGuards(
  made: Partial<DeadLettersHttpOptions> | undefined,
  modules: ModuleRef,
): Promise<MadeGuards> {
  const mistakes = guardMistakes(made?.guards);
  const given = mistakes.length === 0 ? (made?.guards ?? []) : [];
  const guards = given.map((guard) => (typeof guard === 'function' ? instanceOf(guard, modules) : guard));
  return { guards: await Promise.all(guards), mistakes };
}

async function instanceOf(guard: Type<CanActivate>, modules: ModuleRef): Promise<CanActivate> {
  try {
    return modules.get<CanActivate>(guard, { strict: false });
  } catch {
    return modules.create(guard);
  }
}

/** The guards that a factory made, as one: Nest takes guards by their class, before any factory has run. */
@Injectable()
export class AsyncGuards implements CanActivate {
  constructor(@Inject(MADE_GUARDS) private readonly made: MadeGuards) {}

  /** Whether every guard lets the request through; the first that does not ends it. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { guards } = this.made;
    for (const guard of guards) {
      const answer = guard.canActivate(context);
      if (!(await (isObservable(answer) ? lastValueFrom(answer) : answer))) return false;
    }
    return guards.length > 0;
  }
}
