import type { AmbientStore } from '../message/ambient-context.js';
import type { Envelope } from '../message/envelope.js';
import type { MessageContext } from '../message/message-context.js';
import {
  CommandCompletedNotification,
  CommandFailedNotification,
  CommandInitiatedNotification,
  MessageUnhandledNotification,
  QueryCompletedNotification,
  QueryFailedNotification,
  QueryInitiatedNotification,
} from '../notifications/message-notifications.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import type { PreparedHandler, SyncRunMode } from '../run-modes/sync-run-mode.js';

/** Runs handlers of commands and queries, and tells observers about it; where there are none it only runs. */
export class ObservedRunMode {
  constructor(
    private readonly runMode: SyncRunMode,
    private readonly channel: NotificationChannel,
    private readonly ambient: AmbientStore,
  ) {}

  /** Whether nobody can see the context of a message that is dispatched now, so that none need be made. */
  get isUnseen(): boolean {
    return !this.channel.active && !this.ambient.isKept;
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
    const isCommand = context.kind === 'command';
    const initiated = isCommand ? CommandInitiatedNotification : QueryInitiatedNotification;
    const completed = isCommand ? CommandCompletedNotification : QueryCompletedNotification;
    const failed = isCommand ? CommandFailedNotification : QueryFailedNotification;
    if (this.channel.wants(initiated)) this.channel.publish(new initiated(context));
    const startedAt = performance.now();
    return this.runMode.run(handler, context).then(
      (result) => {
        const durationMs = performance.now() - startedAt;
        if (this.channel.wants(completed)) this.channel.publish(new completed(context, result, durationMs));
        return result;
      },
      (error: unknown) => {
        const durationMs = performance.now() - startedAt;
        if (this.channel.wants(failed)) this.channel.publish(new failed(context, error, durationMs));
        throw error;
      },
    );
  }
}
