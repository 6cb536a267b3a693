import { isTimeoutMs, MAX_TIMEOUT_MS } from '../common/timeout.js';
import { InvalidNotificationOptionsError } from './errors.js';

/** How notifications reach their observers. */
export interface NotificationOptions {
  /**
   * How many notifications may wait in the channel, and as many again for each observer method, once for those that
   * wait their turn and once for those that wait for a retry: a whole number from 1, default 1024. A notification that
   * finds no room is dropped, counted and reported; those that wait already are kept. They are delivered between turns of
   * the event loop, so a loop that never leaves its turn fills the channel, however fast the observers are.
   */
  readonly capacity?: number;
  /** How often an observer method is tried with one notification, in all: a whole number from 1, default 3. */
  readonly attemptCount?: number;
  /**
   * How long after a failed attempt the next one may start, in milliseconds from the failure: 0 or more, default 2000.
   * 0 means in the next turn of the event loop.
   */
  readonly retryDelayMs?: number;
}

/** {@link NotificationOptions} with every default filled in. */
export type ResolvedNotificationOptions = Required<NotificationOptions>;

/**
 * Fills in the defaults.
 * @throws DISPATCH_INVALID_NOTIFICATION_OPTIONS with every value that is out of range
 */
export function resolveNotificationOptions(options: NotificationOptions = {}): ResolvedNotificationOptions {
  const resolved: ResolvedNotificationOptions = Object.freeze({
    capacity: options.capacity ?? 1024,
    attemptCount: options.attemptCount ?? 3,
    retryDelayMs: options.retryDelayMs ?? 2000,
  });
  const problems = problemsOf(resolved);
  if (problems.length > 0) throw new InvalidNotificationOptionsError(problems);
  return resolved;
}

function problemsOf({ capacity, attemptCount, retryDelayMs }: ResolvedNotificationOptions): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ capacity, attemptCount })) {
    if (!Number.isSafeInteger(value) || value < 1)
      problems.push(`"${name}" is ${value}, but a whole number from 1 is needed`);
  }
  if (!isTimeoutMs(retryDelayMs)) {
    problems.push(`"retryDelayMs" is ${retryDelayMs}, but a number from 0 to ${MAX_TIMEOUT_MS} is needed`);
  }
  return problems;
}
