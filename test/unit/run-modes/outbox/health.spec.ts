import { describe, expect, it } from '@jest/globals';
import { inMemoryOutbox, OutboxAlertNotification, type OutboxCounts, type OutboxStore } from 'nestjs-dispatch';

import { collect, until } from '../queued-application.js';
import { startShop } from './shop.js';

/** A store that says what the test says. */
function counting(counts: () => Promise<OutboxCounts>): OutboxStore {
  return Object.assign(Object.create(inMemoryOutbox()) as OutboxStore, { counts });
}

const NONE: OutboxCounts = { waiting: 0, retrying: 0, oldestWaitingMs: 0, failed: 0 };

describe('the health of an outbox', () => {
  it.each<[Partial<OutboxCounts>, boolean]>([
    [{}, true],
    [{ waiting: 5, oldestWaitingMs: 100, failed: 2 }, true],
    [{ waiting: 6 }, false],
    [{ oldestWaitingMs: 101 }, false],
    [{ failed: 3 }, false],
  ])('with %j is good: %s', async (given, isHealthy) => {
    const health = { maxWaiting: 5, maxOldestWaitingMs: 100, maxFailed: 2 };
    const store = counting(async () => ({ ...NONE, ...given }));
    const { outbox } = await startShop({ store, health });
    expect(await outbox.check()).toEqual({ ...NONE, ...given, isHealthy });
  });

  it('raises an alert for each limit that is passed, as long as somebody listens', async () => {
    const store = counting(async () => ({ ...NONE, waiting: 1001, oldestWaitingMs: 60_001, failed: 1 }));
    const shop = await startShop({ store, health: { everyMs: 5 } });
    const alerts = collect(shop, OutboxAlertNotification);
    await until('all three', () => alerts.length >= 3);
    expect(alerts.slice(0, 3)).toMatchObject([
      { reason: 'waiting', value: 1001, limit: 1000 },
      { reason: 'oldest', value: 60_001, limit: 60_000 },
      { reason: 'failed', value: 1, limit: 0 },
    ]);
  });

  it('is looked at again after a look that failed', async () => {
    let looks = 0;
    const store = counting(() => {
      looks += 1;
      return looks === 1 ? Promise.reject(new RangeError('no line')) : Promise.resolve({ ...NONE, failed: 1 });
    });
    const shop = await startShop({ store, health: { everyMs: 5 } });
    const alerts = collect(shop, OutboxAlertNotification);
    await until('an alert', () => alerts.length > 0);
    expect(shop.log.lines.join('\n')).toContain('The health of the outbox cannot be told: no line');
  });
});
