import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { MessageContext } from '../../message/message-context.js';
import { MessageDuplicateNotification } from '../../notifications/message-notifications.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import type { ResolvedInbox } from '../../transactions/transactions.options.js';

/** Knows which messages transactional handlers behind queues have handled. Does nothing where the application has no inbox. */
export class Inbox {
  private readonly logger = new Logger('Dispatch');

  constructor(
    private readonly options: ResolvedInbox | undefined,
    private readonly channel: NotificationChannel,
  ) {}

  /**
   * Writes in the transaction of a handler that it handles a message. What did not come through a queue is new: nobody delivers it again.
   *
   * @returns false where it has handled it before
   * @throws what the store says
   */
  async isNew(context: MessageContext, transaction: unknown): Promise<boolean> {
    const { options, channel } = this;
    if (options === undefined || context.queue === undefined) return true;
    const { store, retentionMs } = options;
    // As JSON no part can be taken for another, and every store can keep it.
    const key = JSON.stringify([context.handler.key, context.name, context.id]);
    const isNew = await store.record({ key, retentionMs }, transaction);
    if (!isNew && channel.wants(MessageDuplicateNotification)) {
      channel.publish(new MessageDuplicateNotification(context));
    }
    return isNew;
  }

  /** Has the store look at what it needs. Rejects with what the store says. */
  async open(): Promise<void> {
    await this.options?.store.open?.();
  }

  /** Ends what the store has opened. */
  async close(): Promise<void> {
    try {
      await this.options?.store.close?.();
    } catch (error) {
      this.logger.warn(`Could not close the inbox: ${errorText(error)}`);
    }
  }
}
