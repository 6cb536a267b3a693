import { Logger } from '@nestjs/common';

import { errorText, stackOf } from '../../common/dispatch-error.js';
import type { UnhandledExceptionBus } from '../../failures/unhandled-exception-bus.js';
import type { MessageContext } from '../../message/message-context.js';
import type { DecisionLog } from '../../notifications/decisions/decision-log.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import {
  TaskCompletedNotification,
  TaskDiscardedNotification,
  TaskFailedNotification,
  TaskPostponedNotification,
  TaskRetriedNotification,
  TaskStartedNotification,
  type HandledTaskFacts,
} from '../../notifications/task-notifications.js';
import { entryFacts } from '../queue/entry-data.js';
import type { Delivery, ParkingPlace } from '../queue/queue-backend.port.js';
import { receiptId } from '../replies/queue-receipt.js';

/** A delivery, and the queue it is of. */
export interface DeliveredTask {
  readonly queue: string;
  readonly delivery: Pick<Delivery, 'id' | 'name' | 'data' | 'place'>;
}

/** How an entry came to be parked. */
export interface ParkedTask {
  readonly place: ParkingPlace;
  readonly error: unknown;
  readonly attempt: number;
  /** Undefined where no handler was reached. */
  readonly context: MessageContext | undefined;
  /** Whether a caller waits for the result, and so is told of the failure. */
  readonly isAwaited: boolean;
}

/** Tells what becomes of messages from queues: notifications, and a log line for what nobody may be waiting for. */
export class TaskObserver {
  private readonly logger = new Logger('Dispatch');

  constructor(
    private readonly channel: NotificationChannel,
    private readonly unhandled: UnhandledExceptionBus,
    readonly decisions: DecisionLog,
  ) {}

  started(context: MessageContext, task: DeliveredTask): void {
    if (this.channel.wants(TaskStartedNotification)) {
      this.channel.publish(new TaskStartedNotification(factsOf(context, task), context));
    }
  }

  completed(
    context: MessageContext,
    task: DeliveredTask,
    { result, durationMs }: { readonly result: unknown; readonly durationMs: number },
  ): void {
    if (this.channel.wants(TaskCompletedNotification)) {
      this.channel.publish(new TaskCompletedNotification(factsOf(context, task), context, result, durationMs));
    }
  }

  retried(
    context: MessageContext,
    task: DeliveredTask,
    { error, delayMs }: { readonly error: unknown; readonly delayMs: number },
  ): void {
    this.logger.warn(
      `${context.handler.name} failed at "${context.name}" (${context.id}), attempt ${context.attempt}; again in ${delayMs} ms: ${errorText(error)}`,
    );
    if (this.channel.wants(TaskRetriedNotification)) {
      this.channel.publish(new TaskRetriedNotification(factsOf(context, task), context, error, delayMs));
    }
  }

  /** It was not let through to its handler, and is handed to it later. */
  postponed(
    context: MessageContext,
    task: DeliveredTask,
    { error, delayMs }: { readonly error: Error; readonly delayMs: number },
  ): void {
    this.logger.debug(`"${context.name}" (${context.id}) waits for ${delayMs} ms: ${error.message}`);
    if (this.channel.wants(TaskPostponedNotification)) {
      this.channel.publish(new TaskPostponedNotification(factsOf(context, task), context, error, delayMs));
    }
  }

  /** A failure policy drops it. */
  discarded(
    context: MessageContext,
    task: DeliveredTask,
    { error, reason }: { readonly error: unknown; readonly reason: string },
  ): void {
    this.logger.debug(
      `${context.handler.name} drops "${context.name}" (${context.id}), ${reason}: ${errorText(error)}`,
    );
    if (this.channel.wants(TaskDiscardedNotification)) {
      this.channel.publish(new TaskDiscardedNotification(factsOf(context, task), context, error, reason));
    }
  }

  /** No further attempt is made. */
  parked(task: DeliveredTask, { place, error, attempt, context, isAwaited }: ParkedTask): void {
    const { queue, delivery } = task;
    const what = `"${delivery.name}" (${delivery.id}) of the queue "${queue}" is parked as ${place}`;
    const line = `${what} after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}: ${errorText(error)}`;
    // As in the caller's turn: a failure that its caller is told of is the caller's to log.
    if (!isAwaited) this.logger.error(line, stackOf(error));
    if (context !== undefined && !isAwaited) this.unhandled.publish({ exception: error, cause: context.message });
    if (this.channel.wants(TaskFailedNotification)) {
      const facts = context === undefined ? factsOfUnhandled(task) : factsOf(context, task);
      this.channel.publish(new TaskFailedNotification(facts, place, error, attempt));
    }
  }

  /** A delivery could not be brought to an end, for a reason that is not its handler's. */
  disturbed(queue: string, error: unknown): void {
    this.logger.error(`A message of the queue "${queue}" is given back: ${errorText(error)}`, stackOf(error));
  }
}

function factsOf({ name, id, handler }: MessageContext, { queue, delivery }: DeliveredTask): HandledTaskFacts {
  return {
    messageName: name,
    messageId: id,
    handler: handler.key,
    queue,
    receiptId: receiptId({ entryId: delivery.id, place: delivery.place }),
  };
}

function factsOfUnhandled({ queue, delivery: { id, name, data, place } }: DeliveredTask) {
  return { messageName: name, ...entryFacts(data, id), queue, receiptId: receiptId({ entryId: id, place }) };
}
