import { DispatchNotification } from './notification.js';

/** The router let a foreign message end here by a rule of the application. */
export class MessageSkippedNotification extends DispatchNotification {
  constructor(
    /** The name of the source that recognised the message; undefined where none had yet. */
    readonly source: string | undefined,
    /** The key the source gave it; undefined where it had none yet. */
    readonly key: string | undefined,
    /** Which rule it was. */
    readonly reason: string,
  ) {
    super();
  }
}

/** A foreign message failed, in the router or in its handler. */
export class MessageRefusedNotification extends DispatchNotification {
  constructor(
    /** The name of the source that recognised the message; undefined where none had yet. */
    readonly source: string | undefined,
    /** The key the source gave it; undefined where it had none yet. */
    readonly key: string | undefined,
    /** Which way it failed: `'badSignature'`, `'noHandler'`, `'handlerFailed'` and so on. */
    readonly reason: string,
    readonly error: unknown,
  ) {
    super();
  }
}

/** A replier could not send the outcome of a foreign message back; the outcome itself stays what it was. */
export class ReplierFailedNotification extends DispatchNotification {
  constructor(
    /** Whether it was to send the result of the message or its error. */
    readonly replied: 'result' | 'error',
    /** The name of the source whose message it was to reply to. */
    readonly source: string | undefined,
    /** The key of that message. */
    readonly key: string | undefined,
    readonly error: unknown,
  ) {
    super();
  }
}
