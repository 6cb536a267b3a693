import { describeValue } from '../common/describe-value.js';
import { isDispatchError } from '../common/dispatch-error.js';
import type { FailurePolicyFunction } from '../failures/policy/failure.js';
import { failureRulesFrom, type DefineFailures } from '../failures/policy/rules.js';
import type { FailureRule } from '../failures/policy/verbs.js';
import type { WiringMistake } from '../handlers/errors.js';

/** What an application does about failures of handlers. */
export interface FailureOptions {
  /**
   * Rules for all handlers and sagas, asked after those of `@OnError`, from the first to the last.
   *
   * @example
   * ```ts
   * failures: (on) => [on(SqlBusy).retry('50ms', '250ms').thenSchedule('5s'), on(Invalid).discard('invalid for ever')]
   * ```
   */
  readonly failures?: DefineFailures;
  /** Decides first, before every rule, and may ask them with `next()`. Pure: no side effects, no promise. */
  readonly failurePolicy?: FailurePolicyFunction;
  /** Publishes a `Fault` event when a handler has failed for the last time. Default false. */
  readonly faults?: boolean;
}

/** The same, read. */
export interface ResolvedFailureOptions {
  readonly rules: readonly FailureRule[];
  readonly policy: FailurePolicyFunction | undefined;
  readonly hasFaults: boolean;
}

/** Reads the options. What is wrong with them is added to the mistakes, and counts as not given. */
export function resolveFailures(
  { failures, failurePolicy, faults = false }: FailureOptions,
  mistakes: WiringMistake[],
): ResolvedFailureOptions {
  const isFunction = failurePolicy === undefined || typeof failurePolicy === 'function';
  if (!isFunction) {
    const text = `The option "failurePolicy" of DispatchModule is ${describeValue(failurePolicy)}, not a function.`;
    mistakes.push({ rule: 'invalid-options', text });
  }
  if (typeof faults !== 'boolean') {
    const text = `The option "faults" of DispatchModule is ${describeValue(faults)}, not true or false.`;
    mistakes.push({ rule: 'invalid-options', text });
  }
  return {
    rules: rulesOf(failures, mistakes),
    policy: isFunction ? failurePolicy : undefined,
    hasFaults: faults,
  };
}

function rulesOf(failures: DefineFailures | undefined, mistakes: WiringMistake[]): readonly FailureRule[] {
  if (failures === undefined) return [];
  try {
    return failureRulesFrom(failures);
  } catch (error) {
    if (!isDispatchError(error)) throw error;
    mistakes.push({ rule: 'invalid-options', text: `The option "failures" of DispatchModule: ${error.message}` });
    return [];
  }
}
