import { describeKind, isOptionsObject } from '../../common/describe-value.js';
import { checkOptions, type OptionChecks } from '../../handlers/checked-options.js';
import type { WiringMistake } from '../../handlers/errors.js';
import { BULKHEAD_CHECKS, type BulkheadOptions } from './bulkhead/bulkhead.decorator.js';
import type { CircuitBreakerOptions } from './circuit-breaker/circuit-breaker.decorator.js';
import {
  BREAKER_CHECKS,
  CIRCUIT_CHECKS,
  idleSettingProblem,
  type CircuitSettings,
} from './circuit-breaker/circuit-breaker.options.js';
import { NamedSettings } from './named-settings.js';
import { nameProblem } from './option-checks.js';
import { memoryRateLimits } from './rate-limit/memory-rate-limits.js';
import { RATE_LIMIT_CHECKS, type RateLimitOptions } from './rate-limit/rate-limit.decorator.js';
import type { RateLimitStore } from './rate-limit/rate-limit-store.port.js';

/** The option `resilience` of `DispatchModule.forRoot()`. */
export interface ResilienceOptions {
  /** Circuits by the name of what they protect, for `@CircuitBreaker({ name })` and `CircuitBreakers`. */
  readonly circuits?: Readonly<Record<string, CircuitSettings>>;
  /** For every handler that has no `@CircuitBreaker`, nor its message; without a name each has a circuit of its own. Default: none. */
  readonly circuitBreaker?: CircuitBreakerOptions;
  /** For every handler that has no `@RateLimit`, nor its message; without a name each message class of each is counted apart. Default: none. */
  readonly rateLimit?: RateLimitOptions<object>;
  /** For every handler that has no `@Bulkhead`, nor its message; without a name each has its own. Default: none. */
  readonly bulkhead?: BulkheadOptions;
  /** Where calls are counted. Default `memoryRateLimits()`, which knows this process only. */
  readonly rateLimitStore?: RateLimitStore;
}

/** The same, without what is wrong with it. */
export interface ResolvedResilience {
  readonly circuits: ReadonlyMap<string, CircuitSettings>;
  readonly circuitBreaker: CircuitBreakerOptions | undefined;
  readonly rateLimit: RateLimitOptions | undefined;
  readonly bulkhead: BulkheadOptions | undefined;
  readonly rateLimitStore: RateLimitStore;
}

const objectProblem = (value: unknown): string | undefined =>
  isOptionsObject(value) ? undefined : `which is ${describeKind(value)}, not an object`;

const CHECKS: OptionChecks<ResilienceOptions> = {
  circuits: objectProblem,
  circuitBreaker: objectProblem,
  rateLimit: objectProblem,
  bulkhead: objectProblem,
  rateLimitStore: (value) =>
    isOptionsObject(value) && typeof Reflect.get(value, 'take') === 'function'
      ? undefined
      : `which is ${describeKind(value)} without the method take()`,
};

/** Adds what is wrong with the options to the mistakes; of what is wrong nothing is used. */
export function resolveResilience(given: unknown = {}, mistakes: WiringMistake[] = []): ResolvedResilience {
  const own = checked<ResilienceOptions>('resilience', given, CHECKS, mistakes);
  const circuits = Object.entries(own.circuits ?? {}).map(([name, settings]) => {
    const problem = nameProblem(name);
    const label = 'The option "resilience.circuits" of DispatchModule';
    if (problem !== undefined) mistakes.push({ rule: 'invalid-options', text: `${label} has a name ${problem}.` });
    return [name, circuitOf(`resilience.circuits.${name}`, settings, CIRCUIT_CHECKS, mistakes)] as const;
  });
  const { rateLimit, bulkhead } = own;
  const circuitBreaker =
    own.circuitBreaker &&
    circuitOf<CircuitBreakerOptions>('resilience.circuitBreaker', own.circuitBreaker, BREAKER_CHECKS, mistakes);
  mistakes.push(...contradiction(new Map(circuits), circuitBreaker));
  return Object.freeze({
    circuits: new Map(circuits),
    circuitBreaker,
    rateLimit: rateLimit && rateLimitOf(rateLimit, mistakes),
    bulkhead: bulkhead && bulkheadOf(bulkhead, mistakes),
    rateLimitStore: own.rateLimitStore ?? memoryRateLimits(),
  });
}

function circuitOf<O extends CircuitSettings>(
  name: string,
  given: unknown,
  checks: OptionChecks<O>,
  mistakes: WiringMistake[],
): Partial<O> {
  const options = checked(name, given, checks, mistakes);
  const problem = idleSettingProblem(options);
  const text = `The option "${name}" of DispatchModule ${problem}.`;
  if (problem !== undefined) mistakes.push({ rule: 'invalid-options', text });
  return options;
}

/** What the circuit of every handler says otherwise than the circuits of the same name. */
function contradiction(
  circuits: ReadonlyMap<string, CircuitSettings>,
  { name, pauses: _own, ...settings }: CircuitBreakerOptions = {},
): WiringMistake[] {
  const named = name === undefined ? undefined : circuits.get(name);
  if (name === undefined || named === undefined) return [];
  const all = new NamedSettings<CircuitSettings>('the circuit');
  all.add(name, named, 'The option "resilience.circuits" of DispatchModule');
  return all.add(name, settings, 'The option "resilience.circuitBreaker" of DispatchModule');
}

function rateLimitOf(given: RateLimitOptions<object>, mistakes: WiringMistake[]): RateLimitOptions | undefined {
  const label = 'The option "resilience.rateLimit" of DispatchModule';
  const { max, ...others } = checked('resilience.rateLimit', given, RATE_LIMIT_CHECKS, mistakes);
  if (given.max === undefined) mistakes.push({ rule: 'invalid-options', text: `${label} has no "max".` });
  return max === undefined ? undefined : { max, ...others };
}

function bulkheadOf(given: BulkheadOptions, mistakes: WiringMistake[]): BulkheadOptions | undefined {
  const label = 'The option "resilience.bulkhead" of DispatchModule';
  const { limit, ...others } = checked('resilience.bulkhead', given, BULKHEAD_CHECKS, mistakes);
  if (given.limit === undefined) mistakes.push({ rule: 'invalid-options', text: `${label} has no "limit".` });
  return limit === undefined ? undefined : { limit, ...others };
}

function checked<O extends object>(
  name: string,
  given: unknown,
  checks: OptionChecks<O>,
  mistakes: WiringMistake[],
): Partial<O> {
  const owner = { label: `The option "${name}" of DispatchModule` };
  const { options, mistakes: wrong } = checkOptions<O>(owner, given, checks);
  mistakes.push(...wrong);
  return options;
}
