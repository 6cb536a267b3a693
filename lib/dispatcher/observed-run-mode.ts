import type { AmbientStore } from '../message/ambient-context.js';
import type { Envelope } from '../message/envelope.js';
import type { MessageContext } from '../message/message-context.js';
import {
  CommandCompletedNotification,
  CommandFailedNotification,
  CommandInitiatedNotification,
  EventHandledNotification,
  EventHandlingFailedNotification,
  MessageUnhandledNotification,
  QueryCompletedNotification,
  QueryFailedNotification,
  QueryInitiatedNotification,
} from '../notifications/message-notifications.js';
import type { DecisionLog } from '../notifications/decisions/decision-log.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import type { PreparedHandler, SyncRunMode } from '../run-modes/sync-run-mode.js';

/** What observers are told of a handler, by the kind of its message. */
const TELLING = {
  command: { initiated: CommandInitiatedNotification, failed: CommandFailedNotification },
  query: { initiated: QueryInitiatedNotification, failed: QueryFailedNotification },
  event: { initiated: undefined, failed: EventHandlingFailedNotification },
} as const;

/**
 * Runs handlers whose failure somebody waits for, and tells observers about it; where there are none it only runs: those
 * of commands and queries, and of events that came through a queue.
 */
export class ObservedRunMode {
  constructor(
    private readonly runMode: SyncRunMode,
    private readonly channel: NotificationChannel,
    private readonly ambient: AmbientStore,
    private readonly decisions: DecisionLog,
  ) {}

  /** Whether nobody can see anything of a message that is dispatched now, so that no context need be made for it. */
  get isUnseen(): boolean {
    return !this.decisions.active && !this.ambient.isKept;
  }

  /** Runs a handler that takes the message only, with nothing around it. */
  runBare(invoke: (message: object) => unknown, message: object): Promise<unknown> {
    return this.runMode.runBare(invoke, message);
  }

  run(handler: PreparedHandler, context: MessageContext): Promise<unknown> {
    return this.channel.active ? this.runTold(handler, context) : this.runMode.run(handler, context);
  }

  /** Tells that nobody handles a message. */
  unhandled(envelope: Envelope): void {
    if (this.channel.wants(MessageUnhandledNotification)) {
      this.channel.publish(new MessageUnhandledNotification(envelope));
    }
  }

  private runTold(handler: PreparedHandler, context: MessageContext): Promise<unknown> {
    this.ambient.want();
    const { initiated } = TELLING[context.kind];
    if (initiated !== undefined && this.channel.wants(initiated)) this.channel.publish(new initiated(context));
    const startedAt = performance.now();
    return this.runMode.run(handler, context).then(
      (result) => {
        this.completed(context, result, performance.now() - startedAt);
        return result;
      },
      (error: unknown) => {
        const { failed } = TELLING[context.kind];
        const durationMs = performance.now() - startedAt;
        if (this.channel.wants(failed)) this.channel.publish(new failed(context, error, durationMs));
        throw error;
      },
    );
  }

  private completed(context: MessageContext, result: unknown, durationMs: number): void {
    if (context.kind === 'event') {
      if (!this.channel.wants(EventHandledNotification)) return;
      this.channel.publish(new EventHandledNotification(context, durationMs));
      return;
    }
    const completed = context.kind === 'command' ? CommandCompletedNotification : QueryCompletedNotification;
    if (this.channel.wants(completed)) this.channel.publish(new completed(context, result, durationMs));
  }
}
