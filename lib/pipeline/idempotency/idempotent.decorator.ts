import 'reflect-metadata';

import { describeValue } from '../../common/describe-value.js';
import { checkOptions, type CheckedOptions, type OptionChecks } from '../../handlers/checked-options.js';
import type { HandlerContext } from '../../message/message-context.js';
import { TIME_CHECKS, type IdempotencyTimes } from './idempotency.options.js';

const IDEMPOTENT = Symbol.for('nestjs-dispatch/idempotent');

/** Options of {@link Idempotent}; what is left out is what `idempotency` of the module says. */
export interface IdempotentOptions<M extends object = never> extends Partial<IdempotencyTimes> {
  /**
   * Names what is to happen once, in 1 to 1024 characters, within this handler and message class. Called before the message
   * is validated. Default: the id of the message, so that only the same message is a duplicate.
   */
  readonly key?: (message: M, context: HandlerContext<M>) => string;
}

/**
 * Has a handler of commands or events run once per key. Whoever comes while it runs waits, and gets the same result, or the
 * same error where it fails; whoever comes later, as long as `ttlMs`, gets the result as the codec reads it back. After a
 * failure the key is free: the next attempt runs. Waiting does not count as the handler's time.
 *
 * The lock is renewed while the handler runs, also where it goes on after its time limit. Where another one has taken it over
 * all the same, `context.signal` aborts with an `IdempotencyLockLostError`, and so does the caller's promise reject: nothing
 * is overwritten.
 *
 * @example
 * ```ts
 * @Idempotent({ key: (charge: ChargeCard) => charge.orderId })
 * @CommandHandler(ChargeCard)
 * class ChargeCardHandler {}
 * ```
 */
export function Idempotent<M extends object = never>(options: IdempotentOptions<M> = {}) {
  return (target: abstract new (...args: never[]) => object): void =>
    Reflect.defineMetadata(IDEMPOTENT, options, target);
}

/** What `@Idempotent` says on this very class, as it was written; undefined for a class without it. */
export function idempotentOptionsOf(target: object): IdempotentOptions | undefined {
  return Reflect.getOwnMetadata(IDEMPOTENT, target) as IdempotentOptions | undefined;
}

const CHECKS: OptionChecks<IdempotentOptions> = {
  ...TIME_CHECKS,
  key: (value) => (typeof value === 'function' ? undefined : `which is ${describeValue(value)}, not a function`),
};

/** Looks the options of a handler over. */
export function checkIdempotentOptions(
  label: string,
  options: IdempotentOptions,
): CheckedOptions<Partial<IdempotentOptions>> {
  return checkOptions<IdempotentOptions>({ label, decorator: '@Idempotent' }, options, CHECKS);
}
