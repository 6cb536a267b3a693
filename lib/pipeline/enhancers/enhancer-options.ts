import { describeKind, describeValue, isOptionsObject } from '../../common/describe-value.js';
import type { WiringMistake } from '../../handlers/errors.js';

/** Options for Nest's guards, interceptors, pipes and exception filters around handlers. */
export interface NestEnhancerOptions {
  /**
   * Whether the global ones of the application apply to handlers as well: those of `APP_GUARD`, `APP_INTERCEPTOR`, `APP_PIPE`
   * and `APP_FILTER`, and those given to `app.useGlobalGuards()` and the like before `app.init()`. They must be ready for a
   * context whose type is `'dispatch'`. Default false. What `@UseGuards` and its like put on a handler applies always.
   */
  readonly global?: boolean;
}

/** The options with every default filled in; what is wrong with them is added to the mistakes. */
export function resolveNestEnhancers(given: unknown, mistakes: WiringMistake[]): Required<NestEnhancerOptions> {
  const problems = problemsOf(given);
  for (const problem of problems) {
    const text = `The option "nestEnhancers" of DispatchModule ${problem}.`;
    mistakes.push({ rule: 'invalid-options', text });
  }
  return { global: problems.length === 0 && isOptionsObject(given) && Reflect.get(given, 'global') === true };
}

function problemsOf(given: unknown): string[] {
  if (given === undefined) return [];
  if (!isOptionsObject(given)) return [`is ${describeKind(given)}, not an object with "global"`];
  return Object.entries(given).flatMap(([name, value]: [string, unknown]) => {
    if (name !== 'global') return [`has "${name}", which is unknown: there is "global"`];
    const isRight = value === undefined || typeof value === 'boolean';
    return isRight ? [] : [`has the "global" ${describeValue(value)}, not true or false`];
  });
}
