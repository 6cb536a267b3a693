import { setImmediate } from 'node:timers/promises';

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { filter, map, type Observable } from 'rxjs';

import * as deadLetterNotifications from '../../../lib/notifications/dead-letters/dead-letter-notifications.js';
import * as eventStoreNotifications from '../../../lib/notifications/event-store/event-store-notifications.js';
import * as decisionNotifications from '../../../lib/notifications/decisions/decision-notifications.js';
import * as messageNotifications from '../../../lib/notifications/message-notifications.js';
import { NotificationChannel } from '../../../lib/notifications/notification-channel.js';
import * as channelNotifications from '../../../lib/notifications/notification.js';
import { DispatchNotification } from '../../../lib/notifications/notification.js';
import {
  InjectNotifications,
  notificationProviders,
  NOTIFICATIONS,
  Notifications,
  notificationsToken,
} from '../../../lib/notifications/notifications.js';
import {
  MessageRefusedNotification,
  MessageSkippedNotification,
} from '../../../lib/notifications/router-notifications.js';
import * as outboxNotifications from '../../../lib/notifications/outbox/outbox-notifications.js';
import * as projectionNotifications from '../../../lib/notifications/projections/projection-notifications.js';
import * as circuitNotifications from '../../../lib/notifications/resilience/circuit-notifications.js';
import * as routerNotifications from '../../../lib/notifications/router-notifications.js';
import * as sagaNotifications from '../../../lib/notifications/saga-notifications.js';
import * as taskNotifications from '../../../lib/notifications/task-notifications.js';
import { RecordingLog } from './recording-log.js';

function makeNotifications() {
  const log = new RecordingLog();
  const channel = new NotificationChannel({ capacity: 2 }, log);
  return { log, channel, notifications: new Notifications(channel) };
}

/** An async callback, which the types of RxJS do not allow for. */
const rejecting = (): unknown => Promise.reject(new Error('async'));

const skipped = (reason: string) => new MessageSkippedNotification('github', 'github/push', reason);
const refused = () => new MessageRefusedNotification('github', undefined, 'badSignature', new Error('bad signature'));

afterEach(() => {
  jest.useRealTimers();
});

describe('a subscriber of a stream that throws', () => {
  it('is logged, stays subscribed and harms no other subscriber', async () => {
    const { channel, log, notifications } = makeNotifications();
    const others: string[] = [];
    const thrown: string[] = [];
    notifications.ofType(MessageSkippedNotification).subscribe(({ reason }) => {
      thrown.push(reason);
      throw new Error(`cannot take ${reason}`);
    });
    notifications.ofType(MessageSkippedNotification).subscribe(({ reason }) => others.push(reason));
    channel.publish(skipped('one'));
    channel.publish(skipped('two'));
    await channel.flush(1000);
    expect([thrown, others]).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
    expect(log.errors).toEqual([
      'A subscriber of MessageSkippedNotification failed and stays subscribed: cannot take one',
      'A subscriber of MessageSkippedNotification failed and stays subscribed: cannot take two',
    ]);
  });

  it('is logged when it is async, and when it stands behind operators', async () => {
    const { channel, log, notifications } = makeNotifications();
    notifications.subscribe(rejecting);
    notifications.pipe(filter(() => true)).subscribe(() => {
      throw new Error('piped');
    });
    channel.publish(refused());
    await channel.flush(1000);
    // Rejections are reported by the end of the turn.
    await setImmediate();
    expect(new Set(log.errors.map((line) => line.split(': ')[1]))).toEqual(new Set(['async', 'piped']));
  });

  it('ends alone when its operator throws', async () => {
    const { channel, log, notifications } = makeNotifications();
    const next = jest.fn();
    notifications
      .pipe(
        map(() => {
          throw new Error('in map');
        }),
      )
      .subscribe(next);
    channel.publish(refused());
    await channel.flush(1000);
    expect(next).not.toHaveBeenCalled();
    expect(log.errors).toEqual([expect.stringContaining('in map')]);
    expect(channel.active).toBe(false);
  });
});

describe('Notifications', () => {
  it('activates the channel per class while somebody is subscribed', () => {
    const { channel, notifications } = makeNotifications();
    const skips = notifications.ofType(MessageSkippedNotification);
    expect(channel.active).toBe(false);
    const first = skips.subscribe();
    const second = skips.subscribe();
    expect([channel.wants(MessageSkippedNotification), channel.wants(MessageRefusedNotification)]).toEqual([
      true,
      false,
    ]);
    first.unsubscribe();
    expect(channel.wants(MessageSkippedNotification)).toBe(true);
    second.unsubscribe();
    expect(channel.active).toBe(false);
  });

  it('gives all notifications in order, and those of one class alone', async () => {
    const { channel, notifications } = makeNotifications();
    const all: DispatchNotification[] = [];
    const some: DispatchNotification[] = [];
    notifications.subscribe((notification) => all.push(notification));
    notifications.ofType(MessageRefusedNotification).subscribe((notification) => some.push(notification));
    const [first, second] = [skipped('one'), refused()];
    channel.publish(first);
    channel.publish(second);
    await channel.flush(1000);
    expect(all).toEqual([first, second]);
    expect(some).toEqual([second]);
  });

  it('counts what was dropped', () => {
    const { channel, notifications } = makeNotifications();
    notifications.subscribe();
    for (const reason of ['one', 'two', 'three']) channel.publish(skipped(reason));
    expect(notifications.droppedCount).toBe(1);
    channel.close();
  });

  it('completes its streams when the channel closes, also for those who subscribe later', () => {
    const { channel, notifications } = makeNotifications();
    const complete = jest.fn();
    notifications.subscribe({ complete });
    channel.close();
    notifications.ofType(MessageSkippedNotification).subscribe({ complete });
    expect(complete).toHaveBeenCalledTimes(2);
  });
});

/** What the others are made of, which nobody publishes. */
const BASES: ReadonlySet<unknown> = new Set([
  DispatchNotification,
  deadLetterNotifications.DeadLetterNotification,
  projectionNotifications.ProjectionNotification,
  taskNotifications.TaskNotification,
  taskNotifications.HandledTaskNotification,
]);

describe('NOTIFICATIONS', () => {
  it('lists every class of notifications, each with a token of its own', () => {
    const declared = [
      messageNotifications,
      decisionNotifications,
      deadLetterNotifications,
      channelNotifications,
      routerNotifications,
      circuitNotifications,
      sagaNotifications,
      eventStoreNotifications,
      outboxNotifications,
      projectionNotifications,
      taskNotifications,
    ]
      .flatMap((module) => Object.values(module))
      .filter((type) => !BASES.has(type));
    expect(new Set<unknown>(NOTIFICATIONS)).toEqual(new Set<unknown>(declared));
    expect(new Set(NOTIFICATIONS.map(notificationsToken)).size).toBe(declared.length);
    expect(NOTIFICATIONS.every(({ name }) => name.endsWith('Notification'))).toBe(true);
  });
});

describe('InjectNotifications', () => {
  @Injectable()
  class Audit {
    readonly reasons: string[] = [];

    constructor(
      readonly notifications: Notifications,
      @InjectNotifications(MessageSkippedNotification) skipped$: Observable<MessageSkippedNotification>,
    ) {
      skipped$.subscribe(({ reason }) => this.reasons.push(reason));
    }
  }

  const makeApp = () =>
    Test.createTestingModule({
      providers: [
        { provide: NotificationChannel, useFactory: () => new NotificationChannel() },
        ...notificationProviders(),
        Audit,
      ],
    }).compile();

  it('gives the stream of a class in a Nest application, apart from that of another application', async () => {
    const [app, other] = [await makeApp(), await makeApp()];
    app.get(NotificationChannel).publish(skipped('by a rule'));
    await app.get(NotificationChannel).flush(1000);
    expect(app.get(Audit).reasons).toEqual(['by a rule']);
    expect(other.get(Audit).reasons).toEqual([]);
    expect(app.get(Audit).notifications).toBeInstanceOf(Notifications);
  });
});
