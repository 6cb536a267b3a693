import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import type { Transactions } from '../../transactions/transactions.js';
import type { ClaimCheck } from '../claim-check/claim-check.js';
import type { QueueBackend } from '../queue/queue-backend.port.js';
import type { QueueCatalog } from '../queue/queue-catalog.js';
import { Outbox } from './outbox.js';
import { OutboxHandover } from './outbox-handover.js';
import { OutboxRelay } from './outbox-relay.js';
import { OutboxWriter } from './outbox-writer.js';
import type { ResolvedOutbox } from './outbox.options.js';

/** What an outbox stands on. */
export interface OutboxStageParts {
  readonly options: ResolvedOutbox;
  readonly transactions: Pick<Transactions, 'current'>;
  readonly backend: Pick<QueueBackend, 'features'>;
  readonly catalog: Pick<QueueCatalog, 'get'>;
  readonly channel: NotificationChannel;
  readonly claims: ClaimCheck | undefined;
}

/** The outbox of an application: what writes into it, what relays, and what it is looked at with. */
export class OutboxStage {
  private readonly logger = new Logger('Dispatch');
  private readonly relay: OutboxRelay;
  readonly writer: OutboxWriter;
  readonly outbox: Outbox;

  constructor(private readonly parts: OutboxStageParts) {
    const { options, transactions, catalog, channel, claims } = parts;
    const { maxAttempts } = options;
    const handover = new OutboxHandover({ catalog, channel, claims, maxAttempts });
    const relay = new OutboxRelay({ options, handover, channel });
    const wake = (): void => relay.wake();
    this.relay = relay;
    this.writer = new OutboxWriter(options, transactions, wake);
    this.outbox = new Outbox({ options, channel, wake });
  }

  /** Connects. Rejects with what the store says. */
  async open(): Promise<void> {
    const { options, backend } = this.parts;
    await options.store.open?.();
    if (options.store.isShared || !backend.features.has('durable')) return;
    this.logger.warn(
      'The outbox is in the memory of this process, while its queues outlive it: what is committed and not relayed is lost with the process. Give "outbox" a store such as postgresOutbox() of nestjs-dispatch/postgres.',
    );
  }

  /** Begins to relay, where this process does. */
  start(): void {
    if (this.parts.options.relay) this.relay.start();
    this.outbox.start();
  }

  /** Relays what is committed, as long as the time allows, and closes the store. */
  async close(leftMs: number): Promise<void> {
    this.outbox.stop();
    await this.relay.close(leftMs);
    try {
      await this.parts.options.store.close?.();
    } catch (error) {
      this.logger.warn(`Could not close the store of "outbox": ${errorText(error)}`);
    }
  }
}
