import { describe, expect, it } from '@jest/globals';
import { hasFields, ReplierFailedNotification, Notifications, defineSource, type Replier } from 'nestjs-dispatch';
import { filter, firstValueFrom } from 'rxjs';

import { start } from '../dispatcher/application.js';

describe('the notification of a replier that failed', () => {
  it.each(['result', 'error'] as const)('says that it was the %s, of which source and key', async (replied) => {
    const lost = new Error('connection lost');
    const replier: Replier = { reply: () => Promise.reject(lost), fail: () => Promise.reject(lost) };
    const parse = () => ({ key: 'push', payload: {}, replier });
    const { app, dispatcher } = await start({
      options: { sources: [defineSource({ name: 'hub', match: hasFields('id'), parse })] },
    });
    dispatcher.on('push', () => (replied === 'error' ? Promise.reject(new Error('disk full')) : 'done'));
    const told = firstValueFrom(app.get(Notifications).pipe(filter((one) => one instanceof ReplierFailedNotification)));
    await Promise.allSettled([dispatcher.process('{"id":1}')]);
    expect(await told).toMatchObject({ replied, source: 'hub', key: 'push', error: lost });
  });
});
