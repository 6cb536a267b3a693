import type { NotificationChannel } from '../notifications/notification-channel.js';
import {
  MessageRefusedNotification,
  MessageSkippedNotification,
  ReplierFailedNotification,
} from '../notifications/router-notifications.js';
import type { RouterObserver } from './router-observer.js';

/** Turns what the router tells into notifications, made only where somebody listens. */
export function notifyingObserver(channel: NotificationChannel): RouterObserver {
  return {
    skipped({ source, key, reason }) {
      if (channel.wants(MessageSkippedNotification)) {
        channel.publish(new MessageSkippedNotification(source, key, reason));
      }
    },
    refused({ source, key, reason, error }) {
      if (channel.wants(MessageRefusedNotification)) {
        channel.publish(new MessageRefusedNotification(source, key, reason, error));
      }
    },
    replierFailed({ source, key, replied, error }) {
      if (channel.wants(ReplierFailedNotification)) {
        channel.publish(new ReplierFailedNotification(replied, source, key, error));
      }
    },
  };
}
