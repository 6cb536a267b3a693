import { Command, Message } from '../../../lib/index.js';

/** What a handler is to do. */
export interface Work {
  /** The place of the message in its stream, from 1. */
  readonly sequence: number;
  readonly ms: number;
  /** Whether it fails each time. */
  readonly isPoison: boolean;
}

/** Its handler is `@Idempotent`, and has its effect under the idempotency key. */
@Message('chaos.idempotent', { version: 1 })
export class IdempotentWork extends Command {
  constructor(readonly work: Work) {
    super();
  }
}

/** Its handler takes no care. */
@Message('chaos.plain', { version: 1 })
export class PlainWork extends Command {
  constructor(readonly work: Work) {
    super();
  }
}

/** Its handler kills its process each time. */
@Message('chaos.killer', { version: 1 })
export class Killer extends Command {}

/** Has no handler anywhere. */
@Message('chaos.unheard', { version: 1 })
export class Unheard extends Command {}
