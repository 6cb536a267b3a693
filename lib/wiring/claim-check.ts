import { describeValue, isOptionsObject } from '../common/describe-value.js';
import { checkOptions, type OptionChecks } from '../handlers/checked-options.js';
import type { WiringMistake } from '../handlers/errors.js';
import { DEFAULT_CODEC_LIMITS } from '../message/codec/json-codec.js';
import type { ClaimCheckStore } from '../run-modes/claim-check/claim-check-store.port.js';
import type { ClaimCheckOptions, ResolvedClaimCheck } from '../run-modes/claim-check/claim-check.options.js';

const OWNER = { label: 'The option "claimCheck" of DispatchModule' };
const METHODS = ['put', 'get', 'remove', 'sweep'] as const satisfies readonly (keyof ClaimCheckStore)[];
const CHECKS: OptionChecks<ClaimCheckOptions> = {
  store: storeProblem,
  thresholdBytes: (value) => countProblem(value, 0, 'bytes'),
  maxBytes: (value) => countProblem(value, 1, 'bytes'),
  ttlMs: (value) => countProblem(value, 1000, 'milliseconds'),
};

/** What else an application says of payloads. */
export interface PayloadLimits {
  readonly maxPayloadBytes?: number;
  readonly maxDepth?: number;
}

/** Fills the defaults in and adds what is wrong to the mistakes; undefined where there is none, or it cannot be used. */
export function resolveClaimCheck(
  given: ClaimCheckOptions | undefined,
  { maxPayloadBytes = DEFAULT_CODEC_LIMITS.maxBytes, maxDepth = DEFAULT_CODEC_LIMITS.maxDepth }: PayloadLimits,
  mistakes: WiringMistake[],
): ResolvedClaimCheck | undefined {
  if (given === undefined) return undefined;
  const { options, mistakes: wrong } = checkOptions<ClaimCheckOptions>(OWNER, given, CHECKS);
  mistakes.push(...wrong);
  const { store, thresholdBytes = 65_536, maxBytes = 104_857_600, ttlMs = 2_592_000_000 } = options;
  const problem = missingProblem(given) ?? orderProblem({ thresholdBytes, maxBytes, maxPayloadBytes });
  if (problem !== undefined) mistakes.push({ rule: 'invalid-options', text: `${OWNER.label} ${problem}.` });
  if (store === undefined || problem !== undefined) return undefined;
  return Object.freeze({ store, thresholdBytes, maxBytes, ttlMs, maxDepth });
}

function missingProblem(given: unknown): string | undefined {
  if (!isOptionsObject(given) || Reflect.get(given, 'store') !== undefined) return undefined;
  return 'has no store: give one, such as postgresClaimCheck() of nestjs-dispatch/postgres';
}

function orderProblem(limits: { thresholdBytes: number; maxBytes: number; maxPayloadBytes: number }) {
  const { thresholdBytes, maxBytes, maxPayloadBytes } = limits;
  if (thresholdBytes > maxPayloadBytes) {
    return `has thresholdBytes ${thresholdBytes}, above "maxPayloadBytes" (${maxPayloadBytes}): what is between could be kept nowhere`;
  }
  return maxBytes < thresholdBytes
    ? `has maxBytes ${maxBytes}, below its thresholdBytes (${thresholdBytes})`
    : undefined;
}

function countProblem(value: unknown, min: number, unit: 'bytes' | 'milliseconds'): string | undefined {
  const isRight = Number.isSafeInteger(value) && Number(value) >= min;
  return isRight ? undefined : `which is ${describeValue(value)}, not a whole number of ${unit} from ${min}`;
}

function storeProblem(value: unknown): string | undefined {
  const missing = METHODS.filter((name) => !isOptionsObject(value) || typeof Reflect.get(value, name) !== 'function');
  return missing.length === 0 ? undefined : `which is ${describeValue(value)} without the method ${missing[0]}()`;
}
