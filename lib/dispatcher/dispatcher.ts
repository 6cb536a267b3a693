import type { MessageSender, PublishOptions, SendOptions } from '../message/message-context.js';
import type { Command, MessageClass, PlainMessage, Query } from '../message/message.js';
import type { Receipt } from '../message/receipt.js';
import type { ScheduleState } from '../run-modes/queue/queue-backend.port.js';
import type { MessageDispatch } from './message-dispatch.js';
import type { Explanation } from './queued/explanation.js';
import type { QueueOperations, ScheduleOptions } from './queued/queue-operations.js';
import type { KeyHandler, ProcessResult, RawIntake, RawMessage, TransportMeta } from './raw-intake.js';

/** An instance of any message class. */
type AnyMessage = Command<unknown> | Query | PlainMessage;

/**
 * The one entry: every command, query and event, and every foreign message, goes through here. Inject it anywhere.
 *
 * What a handler throws, its caller gets as a rejection, unchanged; nothing here throws synchronously. Between messages
 * no order is promised beyond this: a handler has started when the call returns. While the application shuts down, only
 * what running handlers send is accepted.
 */
export class Dispatcher implements MessageSender {
  constructor(
    private readonly dispatch: MessageDispatch,
    private readonly intake: RawIntake,
    private readonly operations: QueueOperations,
  ) {}

  /**
   * Sends a command to its one handler and resolves with the result.
   *
   * @throws DISPATCH_HANDLER_NOT_FOUND where no handler is known
   * @throws DISPATCH_INVALID_MESSAGE where the command breaks the rules of its class
   * @throws DISPATCH_HANDLER_TIMEOUT after `timeoutMs`
   * @throws DISPATCH_CLOSED while the application shuts down
   * @throws DISPATCH_NO_QUEUE where `RunMode.Async` is asked for and there is no queue
   * @throws DISPATCH_REPLY_TIMEOUT, DISPATCH_REPLY_ABANDONED, DISPATCH_RESULT_UNKNOWN, DISPATCH_CANCELLED, and the codes of
   * {@link send}, where it goes through a queue; its handler's error is then a `RemoteError`
   * @throws DISPATCH_INVALID_SEND_OPTIONS where an option is out of range
   */
  execute<R>(command: Command<R>, options?: SendOptions): Promise<R>;
  execute<R = unknown>(command: PlainMessage, options?: SendOptions): Promise<R>;
  execute<R>(command: Command<R> | PlainMessage, options?: SendOptions): Promise<R> {
    return this.dispatch.execute(command as Command<R>, options);
  }

  /**
   * Sends a command to its queue and resolves with a receipt when the queue has it, whatever run mode its handler has. The
   * receipt can be asked how the command stands, here or in any other process, also after this one has ended.
   *
   * @throws DISPATCH_HANDLER_NOT_FOUND, DISPATCH_NO_QUEUE, DISPATCH_QUEUE_FULL, DISPATCH_QUEUE_UNAVAILABLE,
   * DISPATCH_UNSERIALIZABLE_MESSAGE, DISPATCH_MESSAGE_TOO_LARGE, DISPATCH_CLOSED, DISPATCH_INVALID_SEND_OPTIONS
   */
  send<R>(command: Command<R>, options?: SendOptions): Promise<Receipt<R>>;
  send<R = unknown>(command: PlainMessage, options?: SendOptions): Promise<Receipt<R>>;
  send<R>(command: Command<R> | PlainMessage, options?: SendOptions): Promise<Receipt<R>> {
    return this.dispatch.send(command as Command<R>, options);
  }

  /**
   * The receipt of a command that was sent here or by another process. Asks nothing yet.
   *
   * @throws DISPATCH_NO_QUEUE, DISPATCH_INVALID_SEND_OPTIONS where the id is none of a receipt
   */
  receipt<R = unknown>(id: string): Receipt<R> {
    return this.operations.receipt<R>(id);
  }

  /**
   * Sends a message through its queue again and again: a command or query to its handler, an event to every handler. Each
   * time it is a new message with an id of its own. The schedule is kept where the queue is, outlives this process, and
   * is made once however many processes make it.
   *
   * @throws DISPATCH_INVALID_SCHEDULE, DISPATCH_NO_QUEUE, DISPATCH_INVALID_SEND_OPTIONS, DISPATCH_QUEUE_UNAVAILABLE
   */
  schedule(message: AnyMessage, options: ScheduleOptions): Promise<ScheduleState> {
    return this.operations.schedule(message, options);
  }

  /** The schedules of all queues this process knows. @throws DISPATCH_NO_QUEUE, DISPATCH_QUEUE_UNAVAILABLE */
  schedules(): Promise<readonly ScheduleState[]> {
    return this.operations.schedules();
  }

  /** Ends a schedule; what it has sent already stays. @returns whether there was one */
  cancelSchedule(id: string): Promise<boolean> {
    return this.operations.cancelSchedule(id);
  }

  /**
   * Says where a message would run, or any message of a class: which run mode and queue, and what decided it; whether it goes through the
   * outbox where it is sent in a transaction; and which sagas see it.
   *
   * @example
   * ```ts
   * console.log(String(dispatcher.explain(PlaceOrder)));
   * ```
   */
  explain(message: AnyMessage | MessageClass, options?: SendOptions): Explanation {
    return this.operations.explain(message, options);
  }

  /** Sends a query to its one handler and resolves with the answer. @throws the same codes as {@link execute} */
  query<R>(query: Query<R>, options?: SendOptions): Promise<R>;
  query<R = unknown>(query: PlainMessage, options?: SendOptions): Promise<R>;
  query<R>(query: Query<R> | PlainMessage, options?: SendOptions): Promise<R> {
    return this.dispatch.query(query as Query<R>, options);
  }

  /**
   * Hands an event to its handlers and resolves when it is accepted: every handler has started, in order; those that are
   * request-scoped start as soon as they are made, in no order. A handler that
   * fails is logged and appears on the failure stream; it affects neither the other handlers nor the caller. For each
   * handler behind a queue one entry is stored before it resolves, and each has its own attempts and its own end.
   *
   * @throws what storing an entry throws, or DISPATCH_EVENT_HANDLING where several were not stored; also logged
   * @throws DISPATCH_CLOSED while the application shuts down; also logged, so that the call need not be awaited
   */
  publish(event: PlainMessage, options?: SendOptions): Promise<void> {
    return this.dispatch.publish(event, options);
  }

  /** Publishes several events in order. @throws the same codes as {@link publish} */
  publishAll(events: readonly PlainMessage[], options?: SendOptions): Promise<void> {
    return this.dispatch.publishAll(events, options);
  }

  /**
   * Publishes an event and resolves when every handler is done, and with `await: 'sagas'` also the commands that sagas
   * sent at once because of it. An event whose handlers only other processes have is waited for until a worker has made an
   * entry for each of them.
   *
   * @throws DISPATCH_EVENT_HANDLING, an AggregateError with one error for each handler that failed
   * @throws DISPATCH_CLOSED while the application shuts down
   */
  publishAndWait(event: PlainMessage, options?: PublishOptions): Promise<void> {
    return this.dispatch.publishAndWait(event, options);
  }

  /**
   * Takes in a foreign message: finds the source that recognises it, verifies, parses, and has it handled.
   *
   * @throws DISPATCH_MESSAGE_TOO_LARGE, DISPATCH_UNREADABLE_MESSAGE, DISPATCH_NO_SOURCE, DISPATCH_BAD_SIGNATURE,
   * DISPATCH_UNVERIFIABLE_MESSAGE, DISPATCH_NO_HANDLER, DISPATCH_INVALID_MESSAGE, DISPATCH_HOOK_FAILED,
   * DISPATCH_HANDLER_FAILED, DISPATCH_CLOSED, or what an error hook throws
   */
  process(raw: RawMessage | undefined, meta?: TransportMeta): Promise<ProcessResult> {
    return this.dispatch.admit(() => this.intake.process(raw, meta));
  }

  /**
   * Handles foreign messages of one key with a function.
   *
   * @returns what removes it; aborting `options.signal` removes it too
   * @throws DISPATCH_DUPLICATE_KEY where something handles the key already
   */
  on(key: string, handler: KeyHandler, options?: { readonly signal?: AbortSignal }): () => void {
    return this.intake.on(key, handler, options);
  }
}
