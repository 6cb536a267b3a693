import { Command, Message } from '../../../../lib/index.js';

/** What the handler of a message does before its effect. */
export type Act =
  /** Takes a while, whatever happens. */
  | { readonly kind: 'work'; readonly ms: number }
  /** Waits until a gate of the scene is open, or its signal aborts. */
  | { readonly kind: 'gate'; readonly gate: string }
  /** Fails unless a gate of the scene is open. */
  | { readonly kind: 'refuse'; readonly gate: string }
  /** Waits in its first attempt until its signal aborts. */
  | { readonly kind: 'abort' }
  /** Ends its process after a while, in every attempt. */
  | { readonly kind: 'exit'; readonly afterMs: number }
  /** Ends its process a while after the effect, in the first attempt. */
  | { readonly kind: 'vanish'; readonly afterMs: number };

/** Who had an effect, and in which attempt. */
export interface Applied {
  readonly by: string;
  readonly attempt: number;
}

/** Has a row as its effect, written by a transactional handler; then does something before or after the commit. */
@Message('crash.write', { version: 1 })
export class Write extends Command<Applied> {
  constructor(
    readonly act: Act,
    readonly phase: 'beforeCommit' | 'afterCommit',
  ) {
    super();
  }
}

/** The same as {@link Apply}, by a handler that is idempotent. */
@Message('crash.apply-once', { version: 1 })
export class ApplyOnce extends Command<Applied> {
  constructor(
    /** What is to be had once. */
    readonly effect: string,
    readonly act: Act,
  ) {
    super();
  }
}

/** Has one effect: a line in the journal of the scene. */
@Message('crash.apply', { version: 1 })
export class Apply extends Command<Applied> {
  constructor(
    /** The place of the message among those of its key, or among those without a key, from 1. */
    readonly sequence: number,
    readonly act: Act,
  ) {
    super();
  }
}
