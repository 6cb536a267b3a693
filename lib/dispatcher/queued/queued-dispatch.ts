import { describeValue } from '../../common/describe-value.js';
import type { Envelope } from '../../message/envelope.js';
import type { MessageContext, SendOptions } from '../../message/message-context.js';
import type { MessageKind } from '../../message/message.js';
import type { MessageDefinition } from '../../message/message.decorator.js';
import type { Receipt } from '../../message/receipt.js';
import { RunMode } from '../../message/run-mode.js';
import { QueueNotConfiguredError } from '../../run-modes/errors.js';
import { ReplyTimeoutError } from '../../run-modes/queue/errors.js';
import type { QueueCatalog } from '../../run-modes/queue/queue-catalog.js';
import type { QueueSettings } from '../../run-modes/queue/queue-settings.js';
import type { Destination, Posting, QueuedRunMode } from '../../run-modes/queue/queued-run-mode.js';
import { InvalidSendOptionsError } from '../errors.js';
import type { PlacedHandler } from '../routes.js';
import { placedByCall, type Placement, type Placements } from './placement.js';

/** The queues of the application, where it has some. */
export interface QueueDoor {
  readonly runMode: QueuedRunMode;
  readonly catalog: QueueCatalog;
}

/** A handler of an event that waits behind a queue. */
export interface QueuedHandler {
  /** The handler's key; undefined for all that there are wherever the message arrives. */
  readonly key: string | undefined;
  readonly placement: Placement;
}

/** Takes messages to queues: says whether one goes there at all, checks what was asked for, hands over. */
export class QueuedDispatch {
  constructor(
    private readonly placements: Placements,
    readonly queues: QueueDoor | undefined,
    /** Whether this process will work on a queue, and has not begun to. */
    private readonly startsLater: (queue: string) => boolean,
  ) {}

  /** Whether there are queues at all. */
  get isPossible(): boolean {
    return this.queues !== undefined;
  }

  /** The settings of a queue; undefined where there is none of that name. */
  settingsOf(queue: string): QueueSettings | undefined {
    return this.queues?.catalog.get(queue)?.settings;
  }

  /**
   * Where a message goes that is to run behind a queue; undefined where it is to run in the caller's turn; an error where
   * it is to, and something is asked for that only a queue can do.
   */
  placementOf(
    handler: PlacedHandler,
    options: SendOptions | undefined,
    messageName: string,
  ): Placement | InvalidSendOptionsError | undefined {
    const placement = placedByCall(handler.placement, options);
    if (placement.runMode === RunMode.Async) return placement;
    const asked = (['delayMs', 'at', 'deduplicationId'] as const).find((name) => options?.[name] !== undefined);
    if (asked === undefined) return undefined;
    return new InvalidSendOptionsError(
      messageName,
      `"${asked}" needs a queue, and ${handler.facts.name} runs in the caller's turn because of ${placement.reasons.runMode}: name a queue, or use RunMode.Async`,
    );
  }

  /** Where a message goes that is to be sent on its way whatever its handler says. */
  placementOfSent(
    definition: MessageDefinition,
    handler: PlacedHandler | undefined,
    options: SendOptions | undefined,
  ): Placement {
    const placement = placedByCall(handler?.placement ?? this.placements.of(definition, undefined), options);
    if (placement.runMode === RunMode.Async) return placement;
    const reasons = { ...placement.reasons, runMode: 'send(), which always goes through a queue' };
    return { ...placement, runMode: RunMode.Async, reasons };
  }

  /** Where a message goes that nothing here handles; undefined where nothing sends it away. */
  placementElsewhere(definition: MessageDefinition, options: SendOptions | undefined): Placement | undefined {
    if (this.queues === undefined) return undefined;
    const placement = placedByCall(this.placements.of(definition, undefined), options);
    const isSentAway = options?.queue !== undefined || this.placements.isRouted(definition);
    return isSentAway && placement.runMode === RunMode.Async ? placement : undefined;
  }

  /** Sends a message to a queue and waits for the result. */
  execute(envelope: Envelope, handler: QueuedHandler, options: SendOptions | undefined): Promise<unknown> {
    try {
      const { runMode, to } = this.way(envelope, handler);
      const reply = runMode.execute(envelope, to, postingOf(options));
      return this.startsLater(to.queue) ? reply.catch((error: unknown) => this.explainLate(error, to.queue)) : reply;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Whoever waits in `onModuleInit` keeps the application from starting, and so the worker that is waited for. */
  private explainLate(error: unknown, queue: string): never {
    if (!(error instanceof ReplyTimeoutError) || !this.startsLater(queue)) throw error;
    const { messageName, receiptId, timeoutMs } = error;
    const reason = `This application works on the queue "${queue}" once every onModuleInit has ended: wait for it in onApplicationBootstrap, or send it without waiting.`;
    throw new ReplyTimeoutError(messageName, receiptId, timeoutMs, reason);
  }

  /** Sends a message to a queue; `from` is the context of the handler that does so. */
  post<R>(
    envelope: Envelope,
    handler: QueuedHandler,
    options: SendOptions | undefined,
    from: MessageContext | undefined,
  ): Promise<Receipt<R>> {
    try {
      const { runMode, to } = this.way(envelope, handler);
      return runMode.post<R>(envelope, to, postingOf(options, from));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Whether a message that is sent now is written in the transaction of its sender. */
  isWritten(kind: MessageKind, { outbox }: Placement): boolean {
    return this.queues?.runMode.isWritten(kind, outbox) ?? false;
  }

  /** Whether a message that is sent to a queue in a transaction goes through the outbox. */
  usesOutbox(kind: MessageKind, { outbox }: Placement): boolean {
    return this.queues?.runMode.usesOutbox(kind, outbox) ?? false;
  }

  /** The queues, and where in them a message goes. @throws DISPATCH_NO_QUEUE, DISPATCH_INVALID_SEND_OPTIONS */
  way(
    envelope: Envelope,
    { key, placement }: QueuedHandler,
  ): { readonly runMode: QueuedRunMode; readonly to: Destination } {
    if (this.queues === undefined) throw new QueueNotConfiguredError(envelope.name);
    const { queue, priority, outbox } = placement;
    const known = this.queues.catalog.get(queue);
    if (known === undefined) {
      const { names } = this.queues.catalog;
      const advice =
        names.length === 0
          ? 'the application has not started yet: send from onModuleInit on; in a test, call init() first'
          : `there is no queue "${queue}": there are ${names.join(', ')}. Name it in "queues.each" of DispatchModule, or add it with queues.ensure()`;
      throw new InvalidSendOptionsError(envelope.name, advice);
    }
    const problem = keyProblem(envelope.key, known.settings);
    if (problem !== undefined) throw new InvalidSendOptionsError(envelope.name, problem);
    return { runMode: this.queues.runMode, to: { queue, handler: key, priority, outbox } };
  }
}

/** Why a message cannot keep the order of its key; the key may come from a function of the message class. */
function keyProblem(key: unknown, { name, lanes }: QueueSettings): string | undefined {
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '') return `its key is ${describeValue(key)}, not a text`;
  return lanes === 0 ? `it has a key, and the queue "${name}" has no lanes: raise "lanes"` : undefined;
}

function postingOf(options: SendOptions | undefined, from?: MessageContext): Posting {
  const delayMs = options?.at === undefined ? (options?.delayMs ?? 0) : options.at.getTime() - Date.now();
  const { deduplicationId } = options ?? {};
  return { delayMs: Math.max(0, delayMs), deduplicationId, sender: from?.handler.name };
}
