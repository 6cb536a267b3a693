import { DispatchError } from '../common/dispatch-error.js';

/** The notification options have values they cannot have. Lists every problem, not only the first. */
export class InvalidNotificationOptionsError extends DispatchError {
  readonly code = 'DISPATCH_INVALID_NOTIFICATION_OPTIONS';

  constructor(readonly problems: readonly string[]) {
    super(`The notification options are invalid: ${problems.join('; ')}.`);
  }
}

/**
 * A provider with `@OnNotification` methods is request-scoped or transient, itself or through what it injects. A
 * notification belongs to no request, so there would be no instance to call.
 */
export class ObserverScopeError extends DispatchError {
  readonly code = 'DISPATCH_OBSERVER_SCOPE';

  constructor(readonly observerName: string) {
    super(
      `${observerName} has @OnNotification methods but is not a singleton: ` +
        'give it, and what it injects, the default scope, or move the methods to a provider that has it.',
    );
  }
}
