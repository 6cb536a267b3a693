import type { DeadLetter } from '../failures/dead-letters/dead-letter.js';
import { decodeValue, DEFAULT_CODEC_LIMITS } from '../message/codec/json-codec.js';
import type { MessageRegistry } from '../message/message-registry.js';
import type { MessageClass } from '../message/message.js';
import { maskedPayload, unmaskedPayload } from './masked-payload.js';

/** A dead letter as it is shown to people: what its message class marks as sensitive is masked. */
export interface DeadLetterView extends Omit<DeadLetter, 'data'> {
  /** What the store holds; only where no message could be read from it. */
  readonly data?: unknown;
}

/** What was kept outside of its queue is larger, and has been read within limits of its own. */
const ANY_SIZE = { ...DEFAULT_CODEC_LIMITS, maxBytes: Infinity };

/** What is stored of a message. */
type StoredPayload = Pick<NonNullable<DeadLetter['message']>, 'name' | 'version' | 'payload'>;

/** Makes an instance of plain data. */
type ToMessage = (target: MessageClass, plain: unknown) => object;

/** Shows dead letters to people, and takes back what they have edited. */
export class LetterViews {
  constructor(
    private readonly messages: MessageRegistry,
    private readonly toMessage: ToMessage,
  ) {}

  /**
   * The letter with the sensitive fields of its payload masked, where the application knows the class of its message. What
   * is in its headers and in the text of its error is shown as it is.
   */
  view({ data, ...letter }: DeadLetter): DeadLetterView {
    const { message } = letter;
    if (message === undefined) return { ...letter, data };
    return { ...letter, message: { ...message, payload: this.masked(message) } };
  }

  /**
   * An edited payload with what the view had masked put back.
   *
   * @returns beside it the paths of masks that cannot be put back, since nothing is stored there
   */
  unmasked(edited: unknown, { message }: DeadLetter): { payload: unknown; lost: readonly string[] } {
    return unmaskedPayload(edited, message?.payload);
  }

  /** What is stored of a message, as {@link view} shows it. */
  masked({ name, version, payload }: StoredPayload): unknown {
    // Of a version that nothing handles here, the newest one tells more than none.
    const definition = this.messages.find(name, version) ?? this.messages.find(name);
    if (definition === undefined || payload === undefined) return payload;
    return maskedPayload(payload, definition, this.made(definition.target, payload));
  }

  /** What cannot be made an instance of its class is masked by what the class declares. */
  private made(target: MessageClass, payload: unknown): object | undefined {
    try {
      return this.toMessage(target, decodeValue(payload, ANY_SIZE));
    } catch {
      return undefined;
    }
  }
}
