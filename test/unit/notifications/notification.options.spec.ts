import { describe, expect, it } from '@jest/globals';

import { NotificationChannel } from '../../../lib/notifications/notification-channel.js';
import { resolveNotificationOptions } from '../../../lib/notifications/notification.options.js';

describe('resolveNotificationOptions', () => {
  it('names every value that is out of range in one error', () => {
    expect(() => resolveNotificationOptions({ capacity: 0, attemptCount: 1.5, retryDelayMs: -1 })).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_NOTIFICATION_OPTIONS',
        problems: [
          expect.stringContaining('"capacity" is 0'),
          expect.stringContaining('"attemptCount" is 1.5'),
          expect.stringContaining('"retryDelayMs" is -1'),
        ],
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])('refuses a retry delay of %p', (retryDelayMs) => {
    expect(() => resolveNotificationOptions({ retryDelayMs })).toThrow('"retryDelayMs"');
  });

  it('is asked by the channel, which refuses what it refuses', () => {
    expect(() => new NotificationChannel({ capacity: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'DISPATCH_INVALID_NOTIFICATION_OPTIONS' }),
    );
  });

  it('fills in the defaults and keeps a retry delay of zero', () => {
    expect(resolveNotificationOptions()).toEqual({ capacity: 1024, attemptCount: 3, retryDelayMs: 2000 });
    expect(resolveNotificationOptions({ retryDelayMs: 0 })).toMatchObject({ retryDelayMs: 0 });
  });
});
