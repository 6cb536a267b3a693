import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { Envelope } from '../../message/envelope.js';
import type { MessageContext } from '../../message/message-context.js';
import { RunMode } from '../../message/run-mode.js';
import type { NotificationChannel } from '../notification-channel.js';
import {
  FailureDecidedNotification,
  MessageRoutedNotification,
  type DecidedAction,
  type MessageRouting,
} from './decision-notifications.js';
import { actionText, routingText } from './decision-texts.js';

/** Where a message goes, with who said so. */
export interface DecidedPlacement {
  readonly runMode: RunMode;
  /** The queue it goes through, or would. */
  readonly queue: string;
  /** Who decided, as the end of "because of …". */
  readonly reasons: { readonly runMode: string; readonly queue: string };
}

/** Tells why a message went where it went: to observers, and to the debug log where that is asked for. */
export class DecisionLog {
  private readonly logger = new Logger('Dispatch');

  constructor(
    private readonly channel: NotificationChannel,
    /** Whether decisions are logged. */
    private readonly isLogged: boolean,
  ) {}

  /** Whether anybody may be told of anything; as cheap as reading two fields, for the hot path. */
  get active(): boolean {
    return this.isLogged || this.channel.active;
  }

  /** Whether anybody is told of failures: ask before finding out which rule decided. */
  get wantsFailures(): boolean {
    return this.isLogged || this.channel.wants(FailureDecidedNotification);
  }

  /** Tells where a message goes, to one handler, by its key, or to wherever it is known. */
  routed({ name, id, kind }: Envelope, handler: string | undefined, placement: DecidedPlacement): void {
    const isWanted = this.channel.wants(MessageRoutedNotification);
    if (!isWanted && !this.isLogged) return;
    const { runMode, queue, reasons } = placement;
    const isQueued = runMode === RunMode.Async;
    const routing: MessageRouting = {
      ...{ messageName: name, messageId: id, kind, handler, runMode },
      queue: isQueued ? queue : undefined,
      runModeBecauseOf: reasons.runMode,
      queueBecauseOf: isQueued ? reasons.queue : undefined,
    };
    if (this.isLogged) {
      this.logger.debug(`${kind} "${name}" (${id}) to ${handler ?? '(elsewhere)'}: ${routingText(routing)}`);
    }
    if (isWanted) this.channel.publish(new MessageRoutedNotification(routing));
  }

  /** Tells what is done about a failed attempt, and which rule said so. */
  failed(context: MessageContext, error: unknown, decision: { readonly rule: string; readonly action: DecidedAction }) {
    const { rule, action } = decision;
    const { kind, name, id, attempt, handler } = context;
    if (this.isLogged) {
      const what = `${handler.key} failed at the ${kind} "${name}" (${id}), attempt ${attempt}: ${errorText(error)}`;
      this.logger.debug(`${what}; ${actionText(action)} (because of ${rule})`);
    }
    if (!this.channel.wants(FailureDecidedNotification)) return;
    this.channel.publish(new FailureDecidedNotification(context, error, attempt, rule, action));
  }
}
