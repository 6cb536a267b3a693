import { causeOf, type DeadLetterCause } from './cause.js';
import type { MessageHeaders } from '../../message/headers.js';
import type { MessageKind } from '../../message/message.js';

/** Where a message is parked: `failed` takes what a handler gave up on; the others what never reached one. */
export type DeadLetterPlace = 'failed' | 'unreadable' | 'unhandled' | 'invalid';

/** The message of a dead letter, as it is stored. */
export interface DeadLetterMessage {
  readonly name: string;
  readonly version: number;
  readonly kind: MessageKind;
  readonly id: string;
  /** Undefined where a schedule made it. */
  readonly sentAt: Date | undefined;
  readonly headers: MessageHeaders;
  readonly key: string | undefined;
  readonly priority: number | string | undefined;
  /**
   * Plain JSON, not made an object of its class. What JSON cannot hold stands as it is stored, a date as
   * `{"$dispatch:date":"2024-01-01T00:00:00.000Z"}`; an edited payload is given in the same form. Undefined where it is not in
   * its queue and has not been read: {@link DeadLetterMessage.claim}.
   */
  readonly payload: unknown;
  /** Of a payload that is kept outside of its queue, where that is; undefined for all others. */
  readonly claim: DeadLetterClaim | undefined;
}

/** Where the payload of a dead letter is that was too large for its queue, and what became of it. */
export interface DeadLetterClaim {
  /** What the store of `claimCheck` knows it by. */
  readonly id: string;
  /** As JSON, in UTF-8. */
  readonly sizeBytes: number;
  /**
   * - `notRead`: a list does not read it, `get()` does
   * - `read`: it is the payload of the letter
   * - `gone`: the store has none, its time limit is over; replayed without another payload it is parked again
   * - `unreadable`: what the store has is no payload
   * - `unavailable`: the store does not answer, or this process has none
   */
  readonly state: 'notRead' | 'read' | 'gone' | 'unreadable' | 'unavailable';
}

/** The error that a message was parked with. */
export interface DeadLetterError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
  /** The violations of an `InvalidMessageError`, status and body of an `HttpException`. */
  readonly details: object | undefined;
}

/** A message that is parked until somebody replays or discards it. */
export interface DeadLetter {
  /** Names it among those of all queues. Opaque; the same message parked again in the same place has the same id. */
  readonly id: string;
  readonly queue: string;
  readonly place: DeadLetterPlace;
  /** The name given with `deadLetter('bank')`, where a failure policy has named one. */
  readonly label: string | undefined;
  /** Undefined for what is no message of this package. */
  readonly message: DeadLetterMessage | undefined;
  /** All that is stored of it, whatever it is. */
  readonly data: unknown;
  /** The key of its handler, as `context.handler.key`; undefined where none is known. */
  readonly handler: string | undefined;
  readonly error: DeadLetterError;
  /** How many attempts were made since it was sent, or last replayed. */
  readonly attempts: number;
  /** When the first of these attempts failed. */
  readonly firstFailedAt: Date;
  /** When the last of them failed, and it was parked. */
  readonly lastFailedAt: Date;
  /** The group it belongs to: {@link DeadLetterGroup.cause}. */
  readonly cause: string;
  /** Its label, and the texts of its header `tags`, which are separated by commas. */
  readonly tags: readonly string[];
}

/** Dead letters that have the same cause: error class, place in the application's code, and message name. */
export interface DeadLetterGroup {
  /** Names the group, the same in every process; `{ cause }` is a filter. */
  readonly cause: string;
  /** The class name of the error. */
  readonly error: string;
  /** The first line of the stack that is the application's own, as its newest letter has it; undefined where there is none. */
  readonly frame: string | undefined;
  /** The message name; undefined for what is no message of this package. */
  readonly message: string | undefined;
  readonly count: number;
  /** When the first of them was parked. */
  readonly firstAt: Date;
  /** When the last of them was parked. */
  readonly lastAt: Date;
  /** The id of the newest. */
  readonly sample: string;
}

/** Some dead letters, the newest first. */
export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** What to give as `after` for those that follow; undefined where none do. */
  readonly next: string | undefined;
}

/** What is known of a dead letter where it is kept; the rest follows from it. */
export type DeadLetterFacts = Omit<DeadLetter, 'cause' | 'tags'>;

/** Makes a dead letter of what is kept of it. */
export function deadLetterOf(facts: DeadLetterFacts): DeadLetter {
  return { ...facts, cause: causeOfLetter(facts).cause, tags: tagsOf(facts) };
}

/** Why a letter is there, in the terms of a group. */
export function causeOfLetter({ error, message }: Pick<DeadLetter, 'error' | 'message'>): DeadLetterCause {
  return causeOf(error, message?.name);
}

function tagsOf({ label, message }: DeadLetterFacts): readonly string[] {
  const texts = message?.headers['tags']?.split(',').map((text) => text.trim()) ?? [];
  return [...new Set([label ?? '', ...texts])].filter((text) => text !== '');
}
