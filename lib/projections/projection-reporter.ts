import { Logger } from '@nestjs/common';

import { errorText, stackOf } from '../common/dispatch-error.js';
import type { StoredEvent } from '../event-store/event-store.port.js';
import type { UnhandledExceptionBus } from '../failures/unhandled-exception-bus.js';
import type { NotificationChannel } from '../notifications/notification-channel.js';
import {
  ProjectionDropFailedNotification,
  ProjectionEventParkedNotification,
  ProjectionFailedNotification,
  ProjectionProgressNotification,
  ProjectionStartedNotification,
  ProjectionStoppedNotification,
  ProjectionSwitchedNotification,
  type ProjectedEventFacts,
} from '../notifications/projections/projection-notifications.js';
import type { ParkedEvent, TargetKey } from './checkpoints/checkpoint-store.port.js';

/** How often the progress of a target is told at most, in milliseconds. */
const PROGRESS_EVERY_MS = 1000;

/** Makes visible what becomes of projections: a log line, the failure stream, a notification. Never throws. */
export class ProjectionReporter {
  private readonly logger = new Logger('Projections');
  private readonly toldAt = new Map<string, number>();

  constructor(
    private readonly unhandled: UnhandledExceptionBus,
    private readonly channel: NotificationChannel,
  ) {}

  /** This process writes a target from now on. */
  started({ projection, target }: TargetKey, position: number): void {
    this.logger.debug(`The projection "${projection}" runs here, from position ${position} (${target}).`);
    if (!this.channel.wants(ProjectionStartedNotification)) return;
    this.channel.publish(new ProjectionStartedNotification(projection, target, position));
  }

  /** A target has come on. @param lastPosition asks how far it can come; only called where somebody is told */
  async progressed(
    { projection, target, isRebuild }: TargetKey & { readonly isRebuild: boolean },
    position: number,
    lastPosition: () => Promise<number>,
  ): Promise<void> {
    if (!this.channel.wants(ProjectionProgressNotification)) return;
    const key = `${target} ${projection}`;
    const nowMs = performance.now();
    if (nowMs - (this.toldAt.get(key) ?? -Infinity) < PROGRESS_EVERY_MS) return;
    this.toldAt.set(key, nowMs);
    const last = await lastPosition();
    this.channel.publish(new ProjectionProgressNotification(projection, target, position, last, isRebuild));
  }

  /** A projection failed, and tries again. */
  failed({ projection, target }: TargetKey, event: StoredEvent | undefined, error: unknown, delayMs: number): void {
    this.logger.warn(`The projection "${projection}" failed${at(event)}; again in ${delayMs} ms: ${errorText(error)}`);
    if (!this.channel.wants(ProjectionFailedNotification)) return;
    this.channel.publish(new ProjectionFailedNotification(projection, target, factsOf(event), error, delayMs));
  }

  /** A projection has failed for the last time. */
  stopped({ projection, target }: TargetKey, event: StoredEvent, error: unknown): void {
    this.logger.error(`The projection "${projection}" is stopped${at(event)}: ${errorText(error)}`, stackOf(error));
    this.unhandled.publish({ exception: error, cause: { projection, target, event: factsOf(event) } });
    if (!this.channel.wants(ProjectionStoppedNotification)) return;
    this.channel.publish(new ProjectionStoppedNotification(projection, target, toFacts(event), error));
  }

  /** A projection goes on without an event. @param error undefined where its stream was parked already */
  parked({ projection, target }: TargetKey, event: StoredEvent | ParkedEvent, error: unknown): void {
    const facts = toFacts(event);
    if (error !== undefined) {
      this.logger.error(`The projection "${projection}" goes on without an event${at(event)}: ${errorText(error)}`);
      this.unhandled.publish({ exception: error, cause: { projection, target, event: facts } });
    }
    if (!this.channel.wants(ProjectionEventParkedNotification)) return;
    this.channel.publish(new ProjectionEventParkedNotification(projection, target, facts, error));
  }

  /** A projection was rebuilt. */
  switched({ projection, target }: TargetKey, version: number, position: number): void {
    this.logger.log(`The projection "${projection}" is read from ${target} now: version ${version}.`);
    if (!this.channel.wants(ProjectionSwitchedNotification)) return;
    this.channel.publish(new ProjectionSwitchedNotification(projection, target, version, position));
  }

  /** The old target is still there. */
  dropFailed({ projection, target }: TargetKey, error: unknown): void {
    const what = `The target ${target} of the projection "${projection}" could not be dropped`;
    this.logger.error(`${what}: ${errorText(error)}`, stackOf(error));
    this.unhandled.publish({ exception: error, cause: { projection, target } });
    if (!this.channel.wants(ProjectionDropFailedNotification)) return;
    this.channel.publish(new ProjectionDropFailedNotification(projection, target, error));
  }
}

function at(event: StoredEvent | ParkedEvent | undefined): string {
  return event === undefined ? '' : ` at version ${event.version} of "${event.stream}" (position ${event.position})`;
}

function factsOf(event: StoredEvent | undefined): ProjectedEventFacts | undefined {
  return event && toFacts(event);
}

function toFacts(event: StoredEvent | ParkedEvent): ProjectedEventFacts {
  const { stream, version, position, name } = event;
  return { stream, version, position, name, eventId: 'eventId' in event ? event.eventId : event.id };
}
