/** Failures: policies, dead letters, what is left of an error. Part of the public surface, `lib/index.ts`. */

export type { DeadLetterFilter } from '../failures/dead-letters/dead-letter-filter.js';
export type { DeadLettersOptions } from '../failures/dead-letters/dead-letter-options.js';
export type { DeadLetterEdit, LetterSpot } from '../failures/dead-letters/dead-letter-source.port.js';
export type {
  DeadLetter,
  DeadLetterClaim,
  DeadLetterError,
  DeadLetterGroup,
  DeadLetterMessage,
  DeadLetterPage,
  DeadLetterPlace,
} from '../failures/dead-letters/dead-letter.js';
export { DeadLetters, type DiscardReport, type ReplayReport } from '../failures/dead-letters/dead-letters.js';
export {
  DeadLetterBehindError,
  DeadLetterGoneError,
  DeadLetterNotReplayableError,
  InvalidDeadLetterQueryError,
} from '../failures/dead-letters/errors.js';
export type { DeadLetterFailure } from '../failures/dead-letters/letter-batch.js';
export type {
  DeadLetterPaging,
  DiscardOptions,
  PurgeOptions,
  ReplayOptions,
} from '../failures/dead-letters/queries.js';
export type {
  DeadLetterStore,
  DroppedLetterHandler,
  KeptDeadLetter,
  KeptLettersOf,
  KeptLettersPage,
} from '../failures/dead-letters/store/dead-letter-store.port.js';
export {
  inMemoryDeadLetters,
  type InMemoryDeadLettersOptions,
} from '../failures/dead-letters/store/memory-dead-letters.js';
export { Fault, type FaultError } from '../failures/fault.js';
export {
  defaultFailurePolicy,
  type DefaultFailurePolicyOptions,
  type DescribedFailurePolicy,
} from '../failures/policy/built-in.js';
export {
  compileFailurePolicy,
  type CompiledFailurePolicy,
  type FailureDecision,
  type FailurePolicyParts,
} from '../failures/policy/compile-policy.js';
export type { ErrorClass, ErrorKind, ErrorMatcher, ErrorOf } from '../failures/policy/error-matcher.js';
export {
  FailurePolicyError,
  InvalidFailureRuleError,
  RetryLaterError,
  UnrecoverableError,
} from '../failures/policy/errors.js';
export type {
  Failure,
  FailureAction,
  FailurePolicy,
  FailurePolicyFunction,
  Jitter,
} from '../failures/policy/failure.js';
export { OnError, type OnErrorOptions } from '../failures/policy/on-error.decorator.js';
export {
  deadLetter,
  discard,
  failureRulesFrom,
  requeue,
  retry,
  schedule,
  type DefineFailures,
  type On as OnFailure,
} from '../failures/policy/rules.js';
export type {
  ClosedSteps,
  FailureRule,
  FailureSteps,
  OpenSteps,
  StepVerbs,
  ThenVerbs,
} from '../failures/policy/verbs.js';
export {
  UnhandledExceptionBus,
  type IUnhandledExceptionPublisher,
  type UnhandledExceptionInfo,
} from '../failures/unhandled-exception-bus.js';
