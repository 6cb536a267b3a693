import { describeValue, isOptionsObject } from '../common/describe-value.js';
import { checkOptions, type OptionChecks } from '../handlers/checked-options.js';
import type { WiringMistake } from '../handlers/errors.js';
import type { CheckpointStore } from './checkpoints/checkpoint-store.port.js';
import { inMemoryCheckpoints } from './checkpoints/in-memory-checkpoints.js';

/** The option `projections` of `DispatchModule.forRoot()`. */
export interface ProjectionsOptions {
  /**
   * Where it is kept how far projections are. To be written in one transaction with the read models, it must be on the database
   * of the option `transactions`. Default `inMemoryCheckpoints()`.
   */
  readonly checkpoints?: CheckpointStore;
  /**
   * How long the process that writes a projection may be silent before another one takes over, in milliseconds from 500, counted
   * from when it was last heard of. Default 10 000.
   */
  readonly leaseMs?: number;
  /**
   * How often a process looks for what others have done (ownership, retries, events of a store that does not tell), in
   * milliseconds from 10. Default 1000.
   */
  readonly pollMs?: number;
}

/** The same, complete. */
export type ResolvedProjections = Required<ProjectionsOptions>;

const METHODS = [
  'targets',
  'begin',
  'acquire',
  'renew',
  'release',
  'save',
  'stop',
  'resume',
  'lockActive',
  'promote',
  'reset',
  'remove',
  'park',
  'unpark',
  'parked',
  'discardParked',
  'parkedStreams',
  'requestRetry',
  'toRetry',
] as const satisfies readonly (keyof CheckpointStore)[];

const CHECKS: OptionChecks<ProjectionsOptions> = {
  checkpoints: (value) => {
    const missing = METHODS.filter((name) => !isOptionsObject(value) || typeof Reflect.get(value, name) !== 'function');
    return missing.length === 0 ? undefined : `which is ${describeValue(value)} without the method ${missing[0]}()`;
  },
  leaseMs: (value) => timeProblem(value, 500),
  pollMs: (value) => timeProblem(value, 10),
};

/** Fills the defaults in and adds what is wrong to the mistakes; of what is wrong nothing is used. */
export function resolveProjections(
  given: ProjectionsOptions | undefined,
  mistakes: WiringMistake[],
): ResolvedProjections {
  const owner = { label: 'The option "projections" of DispatchModule' };
  const { options, mistakes: wrong } = checkOptions<ProjectionsOptions>(owner, given ?? {}, CHECKS);
  mistakes.push(...wrong);
  const { checkpoints = inMemoryCheckpoints(), leaseMs = 10_000, pollMs = 1000 } = options;
  return Object.freeze({ checkpoints, leaseMs, pollMs });
}

function timeProblem(value: unknown, min: number): string | undefined {
  const isRight = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= 3_600_000;
  return isRight
    ? undefined
    : `which is ${describeValue(value)}, not a whole number of milliseconds from ${min} to 3600000`;
}
