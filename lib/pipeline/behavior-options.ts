import { describeValue } from '../common/describe-value.js';
import { checkOptions, type CheckedOptions, type OptionChecks } from '../handlers/checked-options.js';
import type { MessageKind } from '../message/message.js';
import type { BehaviorOptions } from './behavior.decorators.js';

const KINDS: readonly unknown[] = ['command', 'query', 'event'] satisfies MessageKind[];

const CHECKS: OptionChecks<BehaviorOptions> = {
  priority: (value) => (Number.isFinite(value) ? undefined : `which is ${describeValue(value)}, not a finite number`),
  appliesTo: (value) =>
    value === 'all' || value === 'named' ? undefined : `which is ${describeValue(value)}, not 'all' or 'named'`,
  kinds: (value) => {
    if (!Array.isArray(value)) return `which is ${describeValue(value)}: give a list of 'command', 'query', 'event'`;
    const wrong = value.findIndex((kind) => !KINDS.includes(kind));
    return wrong === -1
      ? undefined
      : `which has ${describeValue(value[wrong])} in it, not 'command', 'query' or 'event'`;
  },
};

/** Looks the options of a behavior over. */
export function checkBehaviorOptions(label: string, options: unknown): CheckedOptions<BehaviorOptions> {
  return checkOptions({ label: `The behavior ${label}` }, options, CHECKS);
}
