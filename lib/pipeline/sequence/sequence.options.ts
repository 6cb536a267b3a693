import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { checkOptions, type OptionChecks } from '../../handlers/checked-options.js';
import type { WiringMistake } from '../../handlers/errors.js';
import { memorySequence } from './memory-sequence-store.js';
import type { SequenceStore } from './sequence-store.port.js';

/** The option `sequence` of `DispatchModule.forRoot()`. */
export interface SequenceOptions {
  /** What keeps how far streams of `@InSequence` handlers are. Default `memorySequence()`, which knows this process only. */
  readonly store?: SequenceStore;
}

const METHODS = ['arrive', 'advance'] as const satisfies readonly (keyof SequenceStore)[];
const CHECKS: OptionChecks<SequenceOptions> = {
  store: (value) => {
    const missing = METHODS.find((name) => !isOptionsObject(value) || typeof Reflect.get(value, name) !== 'function');
    return missing === undefined ? undefined : `which is ${describeValue(value)} without the method ${missing}()`;
  },
};

/** Fills the default in and adds what is wrong to the mistakes; of what is wrong nothing is used. */
export function resolveSequence(
  given: SequenceOptions = {},
  mistakes: WiringMistake[] = [],
): Required<SequenceOptions> {
  const owner = { label: 'The option "sequence" of DispatchModule' };
  const { options, mistakes: wrong } = checkOptions<SequenceOptions>(owner, given, CHECKS);
  mistakes.push(...wrong);
  return { store: options.store ?? memorySequence() };
}
