import type { AmbientStore } from '../../message/ambient-context.js';
import type { MessageContext, SendOptions } from '../../message/message-context.js';
import { nameOf } from '../../message/message.js';
import { RunMode } from '../../message/run-mode.js';
import { DispatchClosedError, QueueNotConfiguredError } from '../../run-modes/errors.js';
import type { InFlight } from '../../run-modes/in-flight.js';
import { InvalidSendOptionsError } from '../errors.js';
import { noMessageProblem } from './misplaced-message.js';
import { sendOptionsProblem } from './send-options-check.js';

/** What it depends on whether a message is accepted. */
export interface AdmissionParts {
  readonly inFlight: InFlight;
  readonly ambient: AmbientStore;
  /** Whether there are queues at all. */
  readonly queued: { readonly isPossible: boolean };
}

/** Says which messages are accepted; while the application closes, only what handlers still running send. */
export class Admission {
  /** What foreign messages became that came in before closing began, which are handled to their end. */
  private readonly admitted = new WeakSet<object>();
  /** Whether only what handlers still running send is accepted. */
  isClosing = false;

  constructor(private readonly parts: AdmissionParts) {}

  /** Lets a message through that came in before closing began. */
  admitLate(message: object): void {
    if (this.isClosing) this.admitted.add(message);
  }

  /** Lets work in from outside that is to be waited for at shutdown. @throws DISPATCH_CLOSED while shutting down */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    if (this.isClosing) throw new DispatchClosedError('a foreign message');
    const { inFlight } = this.parts;
    inFlight.enter();
    try {
      return await work();
    } finally {
      inFlight.leave();
    }
  }

  /** Why a message is not accepted; undefined where it is. */
  refusal(message: object, parent: MessageContext | undefined, options: SendOptions | undefined): Error | undefined {
    const problem = noMessageProblem(message) ?? (options === undefined ? undefined : sendOptionsProblem(options));
    if (problem !== undefined) return new InvalidSendOptionsError(nameOf(message), problem);
    if (this.isClosing && !this.mayBeFromHandler(message, parent)) return new DispatchClosedError(nameOf(message));
    const needsQueue = options?.runMode === RunMode.Async || options?.queue !== undefined;
    if (needsQueue && !this.parts.queued.isPossible) return new QueueNotConfiguredError(nameOf(message));
    return undefined;
  }

  /**
   * Whether something still running sends a message. A context alone is no proof: a timer of a handler that is long done
   * has one too. Without the ambient context a handler can not be told from the outside: better one message too many.
   */
  private mayBeFromHandler(message: object, parent: MessageContext | undefined): boolean {
    const { inFlight, ambient } = this.parts;
    if (inFlight.size === 0) return false;
    return parent !== undefined || !ambient.isKept || this.admitted.has(message);
  }
}
