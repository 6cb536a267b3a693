import type { RouteFacts } from './errors.js';

/** Why a message was refused or skipped. */
export type RefusalReason =
  | 'tooLarge'
  | 'unreadable'
  | 'noSource'
  | 'badSignature'
  | 'unverifiable'
  | 'noHandler'
  | 'invalid'
  | 'hookFailed'
  | 'handlerFailed'
  | 'closed';

/** A message that was not handled. */
export interface RefusalFact extends RouteFacts {
  readonly reason: RefusalReason;
  /** What `process` rejects with; for a skipped message the error the hooks decided to let go. */
  readonly error: unknown;
}

/** A reply that could not be sent. */
export interface ReplierFailedFact extends RouteFacts {
  /** Whether it was the reply to a success or to a failure. */
  readonly replied: 'result' | 'error';
  /** What the replier threw. */
  readonly error: unknown;
}

/** Is told how messages end that are not simply handled. Must return at once and not throw. */
export interface RouterObserver {
  /** An error hook decided to let a message go. */
  skipped(fact: RefusalFact): void;
  /** A message failed, in the router or in its handler; `process` rejects. Called once per such message. */
  refused(fact: RefusalFact): void;
  /** A replier failed; the outcome of the message stays what it was. */
  replierFailed(fact: ReplierFailedFact): void;
}
