import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { CodecLimits } from '../../message/codec/json-codec.js';
import type { DispatchNotification } from '../../notifications/notification.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import {
  QueueDrainedNotification,
  QueueErrorNotification,
  QueuePausedNotification,
  QueueResumedNotification,
  TaskRejectedNotification,
  TaskStalledNotification,
} from '../../notifications/task-notifications.js';
import { ClaimCheck } from '../claim-check/claim-check.js';
import type { ResolvedClaimCheck } from '../claim-check/claim-check.options.js';
import type { InFlight } from '../in-flight.js';
import { OutboxStage } from '../outbox/outbox-stage.js';
import type { ResolvedOutbox } from '../outbox/outbox.options.js';
import type { Transactions } from '../../transactions/transactions.js';
import { entryFacts } from './entry-data.js';
import type { BackendEvent, QueueBackend, QueueBackendFactory } from './queue-backend.port.js';
import { QueueCatalog, type QueueCatalogOptions } from './queue-catalog.js';
import { receiptId } from '../replies/queue-receipt.js';
import { QueuedRunMode } from './queued-run-mode.js';
import { ReplyWaiters } from '../replies/reply-waiters.js';

/** What the queues of an application are made with. */
export interface QueueClientParts {
  readonly factory: QueueBackendFactory;
  readonly instanceId: string;
  readonly queues: QueueCatalogOptions;
  readonly channel: NotificationChannel;
  readonly inFlight: InFlight;
  readonly limits: CodecLimits;
  /** Where large payloads are kept; undefined for in the queue. */
  readonly claimCheck: ResolvedClaimCheck | undefined;
  /** How messages become part of the transaction they are sent in; undefined for not at all. */
  readonly outbox: ResolvedOutbox | undefined;
  readonly transactions: Pick<Transactions, 'current'>;
}

/** The queue backend of an application, and what sends through it and waits for replies. */
export class QueueClient {
  private readonly logger = new Logger('Queues');
  private readonly waiters: ReplyWaiters;
  private readonly channel: NotificationChannel;
  private readonly stalls = new Map<string, number>();
  readonly backend: QueueBackend;
  readonly catalog: QueueCatalog;
  readonly runMode: QueuedRunMode;
  /** What keeps large payloads; undefined where entries have them all. */
  readonly claims: ClaimCheck | undefined;
  /** What keeps messages until their transaction has committed; undefined where there is no outbox. */
  readonly outbox: OutboxStage | undefined;

  /** @throws DISPATCH_INVALID_QUEUE_OPTIONS */
  constructor({ factory, channel, claimCheck, ...parts }: QueueClientParts) {
    const { instanceId, queues, inFlight, limits, outbox: options, transactions } = parts;
    this.channel = channel;
    const backend = factory.create({
      instanceId,
      replied: (id, outcome, place) => this.waiters.settle(id, outcome, place),
      happened: (event) => this.happened(event),
    });
    const catalog = new QueueCatalog(backend, queues);
    const waiters = new ReplyWaiters(backend);
    this.backend = backend;
    this.catalog = catalog;
    this.waiters = waiters;
    const claims = claimCheck && new ClaimCheck(claimCheck, backend);
    this.claims = claims;
    this.outbox = options && new OutboxStage({ options, transactions, backend, catalog, channel, claims });
    const outbox = this.outbox?.writer;
    const sending = { backend, catalog, waiters, channel, inFlight, limits, claims, outbox, instanceId };
    this.runMode = new QueuedRunMode(sending);
  }

  /** How many entries of a queue were found stalled by this process. */
  stalledCount(queue: string): number {
    return this.stalls.get(queue) ?? 0;
  }

  /** Connects, and makes the queues. @throws DISPATCH_QUEUE_UNAVAILABLE, or what the store of "claimCheck" says */
  async open(): Promise<void> {
    await this.backend.open();
    await this.claims?.open();
    await this.outbox?.open();
    await Promise.all(this.catalog.names.map((name) => this.backend.ensure(this.catalog.add(name).settings)));
  }

  /**
   * Ends every wait for a reply and closes the backend; to be called when nothing is sent any more.
   *
   * @param replyGraceMs how long replies may still come, in milliseconds
   */
  async close(replyGraceMs: number): Promise<void> {
    await this.waiters.idle(replyGraceMs);
    this.waiters.close();
    await this.claims?.close();
    await this.backend.close();
  }

  private happened(event: BackendEvent): void {
    switch (event.type) {
      case 'stalled':
        this.stalls.set(event.queue, this.stalledCount(event.queue) + 1);
        return this.tell(TaskStalledNotification, () => stalled(event));
      case 'dropped':
        this.logger.warn(event.error.message);
        this.claims?.dropped(event.entry.data);
        return this.tell(TaskRejectedNotification, () => dropped(event));
      case 'paused':
        return this.tell(QueuePausedNotification, () => new QueuePausedNotification(event.queue));
      case 'resumed':
        return this.tell(QueueResumedNotification, () => new QueueResumedNotification(event.queue));
      case 'drained':
        return this.tell(QueueDrainedNotification, () => new QueueDrainedNotification(event.queue));
      case 'error':
        this.logger.error(
          `${event.queue === undefined ? 'Queues' : `Queue "${event.queue}"`}: ${errorText(event.error)}`,
        );
        return this.tell(QueueErrorNotification, () => new QueueErrorNotification(event.queue, event.error));
    }
  }

  private tell<N extends DispatchNotification>(type: abstract new (...args: never[]) => N, make: () => N): void {
    if (this.channel.wants(type)) this.channel.publish(make());
  }
}

type EventOf<T extends BackendEvent['type']> = Extract<BackendEvent, { readonly type: T }>;

function stalled({ queue, id, place = queue }: EventOf<'stalled'>): TaskStalledNotification {
  return new TaskStalledNotification(queue, receiptId({ entryId: id, place }));
}

function dropped({ queue, entry, error, sequence }: EventOf<'dropped'>): TaskRejectedNotification {
  const { messageId = entry.id, handler } = entryFacts(entry.data, entry.id);
  const receipt = receiptId({ entryId: entry.id, place: queue });
  return new TaskRejectedNotification(entry.name, messageId, queue, error, { handler, receiptId: receipt, sequence });
}
