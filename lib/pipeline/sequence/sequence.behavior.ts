import { describeKind, describeValue } from '../../common/describe-value.js';
import type { HandlerContext, MessageContext } from '../../message/message-context.js';
import type { Next, PipelineBehavior } from '../behavior.js';
import { InvalidSequenceError } from './errors.js';
import { resolveInSequence, type InSequenceOptions, type ResolvedInSequence } from './in-sequence.decorator.js';
import type { Sequences } from './sequences.js';

const MAX_KEY_LENGTH = 1024;

/** Has a handler handle numbered messages in order. It is put around handlers by itself where they are `@InSequence`. */
export class SequenceBehavior implements PipelineBehavior {
  private readonly options: ResolvedInSequence;

  constructor(
    private readonly sequences: Sequences,
    options: InSequenceOptions,
  ) {
    this.options = resolveInSequence(options);
  }

  /** @throws DISPATCH_INVALID_SEQUENCE, DISPATCH_OUT_OF_SEQUENCE, DISPATCH_SEQUENCE_GAP, DISPATCH_SEQUENCE_UNAVAILABLE */
  async handle(context: HandlerContext, next: Next): Promise<unknown> {
    // Behaviors are given contexts that the dispatcher made, and no others.
    const own = context as MessageContext;
    const { handler, name, id } = own;
    const key = this.keyOf(own);
    const sequence = this.read(own, 'sequence');
    if (!Number.isSafeInteger(sequence)) {
      throw new InvalidSequenceError(
        handler.name,
        name,
        `its number is ${describeValue(sequence)}, not a whole number`,
      );
    }
    return this.sequences.handle({
      context: own,
      options: this.options,
      // As JSON no part can be taken for another, and every store can keep it.
      stream: JSON.stringify([handler.key, key]),
      facts: { handlerName: handler.name, messageName: name, messageId: id, key, sequence: Number(sequence) },
      run: next,
    });
  }

  private keyOf(context: MessageContext): string {
    const key = this.read(context, 'key');
    if (typeof key === 'string' && key.length >= 1 && key.length <= MAX_KEY_LENGTH) return key;
    const given = typeof key === 'string' ? `a text of ${key.length} characters` : describeKind(key);
    const problem = `its key is ${given}, not a text of 1 to ${MAX_KEY_LENGTH} characters`;
    throw new InvalidSequenceError(context.handler.name, context.name, problem);
  }

  private read({ message }: MessageContext, what: 'key' | 'sequence'): unknown {
    // The decorator's type says that the functions take the messages of its handler.
    return (this.options[what] as (message: object) => unknown)(message);
  }
}
