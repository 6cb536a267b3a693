import { DispatchError } from '../common/dispatch-error.js';

/** The reason of a signal that aborts because the application is shutting down. */
export class ShutdownError extends DispatchError {
  readonly code = 'DISPATCH_SHUTDOWN';

  constructor(readonly drainTimeoutMs: number) {
    super(
      `The application is shutting down and waited ${drainTimeoutMs} ms for the handler: stop now, or raise "drainTimeoutMs".`,
    );
  }
}

/** A message was sent to an application that is shutting down, from outside a handler. */
export class DispatchClosedError extends DispatchError {
  readonly code = 'DISPATCH_CLOSED';

  constructor(readonly messageName: string) {
    super(`"${messageName}" was not accepted: the application is shutting down. Send it to another instance.`);
  }
}

/** A message was to run through a queue, but there is none. */
export class QueueNotConfiguredError extends DispatchError {
  readonly code = 'DISPATCH_NO_QUEUE';

  constructor(readonly messageName: string) {
    super(
      `"${messageName}" needs a queue, and there is none: set the option "queue" of DispatchModule.forRoot(), to inMemoryQueue() or to bullmq() of nestjs-dispatch/bullmq.`,
    );
  }
}
