import { Logger } from '@nestjs/common';

import { errorText, stackOf } from '../common/dispatch-error.js';
import type { Envelope } from '../message/envelope.js';
import { nameOf } from '../message/message.js';
import type { MessageContext } from '../message/message-context.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import { SagaDiscardedNotification, SagaFailedNotification } from '../notifications/saga-notifications.js';
import type { UnhandledExceptionBus } from './unhandled-exception-bus.js';

/** Where a saga stood when it failed. */
export interface SagaFailure {
  /** Class and method. */
  readonly saga: string;
  /** The event it reacted to; undefined where it reacted to no single one. */
  readonly event: Envelope | undefined;
  /** The command whose handling failed; undefined where the saga itself threw. */
  readonly command: object | undefined;
  readonly error: unknown;
}

/** Makes failures that no caller sees visible: a log line, the failure stream, a notification. Never throws. */
export class FailureReporter {
  private readonly logger = new Logger('Dispatch');

  constructor(
    private readonly unhandled: UnhandledExceptionBus,
    private readonly channel: NotificationChannel,
  ) {}

  /** An event handler threw. The notification of it is made where its duration is known. */
  eventHandlerFailed(context: MessageContext, error: unknown): void {
    this.log(`${context.handler.name} failed at the event "${context.name}" (${context.id})`, error);
    this.unhandled.publish({ exception: error, cause: context.message });
  }

  /** A handler in the caller's turn failed and is tried again. */
  retried(context: MessageContext, error: unknown, delayMs: number): void {
    const attempt = `attempt ${context.attempt}; again in ${delayMs} ms`;
    this.logger.warn(
      `${context.handler.name} failed at "${context.name}" (${context.id}), ${attempt}: ${errorText(error)}`,
    );
  }

  /** What was to happen after the last failure of a handler has failed itself. */
  onFailedFailed(context: MessageContext, error: unknown): void {
    this.log(`After ${context.handler.name} had given up on "${context.name}" (${context.id})`, error);
    this.unhandled.publish({ exception: error, cause: context.message });
  }

  /** An event was dropped on purpose. */
  discarded(context: MessageContext, error: unknown, reason: string): void {
    this.logger.debug(
      `${context.handler.name} drops the event "${context.name}" (${context.id}), ${reason}: ${errorText(error)}`,
    );
  }

  /** Part of a failure policy failed, and what comes after it decided. */
  policyFailed(error: Error): void {
    this.log('A failure policy', error);
    this.unhandled.publish({ exception: error, cause: error });
  }

  /** What was to happen after the end of a transaction has failed. */
  transactionHookFailed(error: unknown): void {
    this.log('A hook after the end of a transaction', error);
    this.unhandled.publish({ exception: error, cause: { hook: 'after the end of a transaction' } });
  }

  /** A saga, or a command that it sent, failed. */
  sagaFailed({ saga, event, command, error }: SagaFailure): void {
    const what = command === undefined ? 'failed' : `sent the command ${nameOf(command)}, which failed`;
    this.log(`The saga ${saga} ${what}${atEvent(event)}`, error);
    this.unhandled.publish({ exception: error, cause: command ?? event?.message ?? { saga } });
    if (this.channel.wants(SagaFailedNotification)) {
      this.channel.publish(new SagaFailedNotification(saga, event?.message, error));
    }
  }

  /** A saga failed at an event and is shown it again. */
  sagaRetried({ saga, event, error }: SagaFailure, attempt: number, delayMs: number): void {
    this.logger.warn(
      `The saga ${saga} failed${atEvent(event)}, attempt ${attempt}; again in ${delayMs} ms: ${errorText(error)}`,
    );
  }

  /** The failure of a saga, or of its command, was dropped on purpose. */
  sagaDiscarded({ saga, event, command, error }: SagaFailure, reason: string): void {
    const what = command === undefined ? 'drops its failure' : `drops the failure of its command ${nameOf(command)}`;
    this.logger.debug(`The saga ${saga} ${what}${atEvent(event)}, ${reason}: ${errorText(error)}`);
    if (this.channel.wants(SagaDiscardedNotification)) {
      this.channel.publish(new SagaDiscardedNotification(saga, event?.message, command, error, reason));
    }
  }

  /** An event was not accepted and its sender may not be looking. */
  eventRefused(event: object, error: unknown): void {
    this.log(`The event ${nameOf(event)} was not published`, error);
    this.unhandled.publish({ exception: error, cause: event });
  }

  private log(line: string, error: unknown): void {
    this.logger.error(`${line}: ${errorText(error)}`, stackOf(error));
  }
}

function atEvent(event: Envelope | undefined): string {
  return event === undefined ? '' : ` at the event "${event.name}" (${event.id})`;
}
