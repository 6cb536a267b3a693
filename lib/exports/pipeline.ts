/** What stands around handlers: behaviors, enhancers, idempotency, resilience. Part of the public surface, `lib/index.ts`. */

export {
  AfterHandle,
  BeforeHandle,
  Behavior,
  SkipBehavior,
  UseBehaviors,
  type BehaviorClass,
  type BehaviorOptions,
} from '../pipeline/behavior.decorators.js';
export { NextCalledTwiceError, type Next, type PipelineBehavior } from '../pipeline/behavior.js';
export { LoggingBehavior, type LoggingOptions } from '../pipeline/behaviors/logging.behavior.js';
export { HandlerTimeoutError, TimeoutBehavior } from '../pipeline/behaviors/timeout.behavior.js';
export { ValidationBehavior } from '../pipeline/behaviors/validation.behavior.js';
export {
  DispatchExecutionContext,
  type DispatchContextType,
} from '../pipeline/enhancers/dispatch-execution-context.js';
export type { NestEnhancerOptions } from '../pipeline/enhancers/enhancer-options.js';
export {
  IdempotencyLockLostError,
  IdempotencyTimeoutError,
  IdempotencyUnavailableError,
  InvalidIdempotencyKeyError,
  InvalidIdempotencyOptionsError,
  SharedFailureError,
  type IdempotentCallFacts,
  type KeptError,
} from '../pipeline/idempotency/errors.js';
export type {
  ClaimResult,
  IdempotencyClaim,
  IdempotencyCompletion,
  IdempotencyStore,
  ReleasedFailure,
} from '../pipeline/idempotency/idempotency-store.port.js';
export { IdempotencyBehavior } from '../pipeline/idempotency/idempotency.behavior.js';
export type { IdempotencyOptions, IdempotencyTimes } from '../pipeline/idempotency/idempotency.options.js';
export { Idempotent, type IdempotentOptions } from '../pipeline/idempotency/idempotent.decorator.js';
export { memoryIdempotency, type MemoryIdempotencyOptions } from '../pipeline/idempotency/memory-idempotency-store.js';
export { CachedQuery, type CachedQueryOptions } from '../pipeline/query-cache/cached-query.decorator.js';
export { InvalidQueryCacheKeyError } from '../pipeline/query-cache/errors.js';
export {
  InvalidatesQueries,
  type QueryInvalidation,
  type QueryInvalidationRule,
} from '../pipeline/query-cache/invalidates-queries.decorator.js';
export { QueryCache } from '../pipeline/query-cache/query-cache.js';
export { QueryInvalidationBehavior } from '../pipeline/query-cache/query-invalidation.behavior.js';
export { BulkheadBehavior } from '../pipeline/resilience/bulkhead/bulkhead.behavior.js';
export { Bulkhead, type BulkheadOptions } from '../pipeline/resilience/bulkhead/bulkhead.decorator.js';
export { BulkheadFullError } from '../pipeline/resilience/bulkhead/errors.js';
export { CircuitBreakerBehavior } from '../pipeline/resilience/circuit-breaker/circuit-breaker.behavior.js';
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
} from '../pipeline/resilience/circuit-breaker/circuit-breaker.decorator.js';
export type { CircuitSettings } from '../pipeline/resilience/circuit-breaker/circuit-breaker.options.js';
export { CircuitBreakers } from '../pipeline/resilience/circuit-breaker/circuit-breakers.js';
export type { CircuitState } from '../pipeline/resilience/circuit-breaker/circuit.js';
export { CircuitOpenError, UnknownCircuitError } from '../pipeline/resilience/circuit-breaker/errors.js';
export {
  InvalidRateLimitKeyError,
  InvalidRateLimitOptionsError,
  RateLimitExceededError,
  RateLimitUnavailableError,
} from '../pipeline/resilience/rate-limit/errors.js';
export {
  memoryRateLimits,
  type MemoryRateLimitsOptions,
} from '../pipeline/resilience/rate-limit/memory-rate-limits.js';
export type { RateLimitClaim, RateLimitStore } from '../pipeline/resilience/rate-limit/rate-limit-store.port.js';
export { RateLimitBehavior } from '../pipeline/resilience/rate-limit/rate-limit.behavior.js';
export { RateLimit, type RateLimitOptions } from '../pipeline/resilience/rate-limit/rate-limit.decorator.js';
export type { ResilienceOptions } from '../pipeline/resilience/resilience.options.js';
export {
  InvalidSequenceError,
  InvalidSequenceOptionsError,
  OutOfSequenceError,
  SequenceGapError,
  SequenceUnavailableError,
  type SequencedFacts,
} from '../pipeline/sequence/errors.js';
export { InSequence, type InSequenceOptions } from '../pipeline/sequence/in-sequence.decorator.js';
export { memorySequence, type MemorySequenceOptions } from '../pipeline/sequence/memory-sequence-store.js';
export type { SequenceState, SequenceStore } from '../pipeline/sequence/sequence-store.port.js';
export { SequenceBehavior } from '../pipeline/sequence/sequence.behavior.js';
export type { SequenceOptions } from '../pipeline/sequence/sequence.options.js';
export { TransactionalBehavior } from '../pipeline/transactions/transactional.behavior.js';
export { Transactional, type TransactionalOptions } from '../pipeline/transactions/transactional.decorator.js';
