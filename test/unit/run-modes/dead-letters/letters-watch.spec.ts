import { afterEach, describe, expect, it } from '@jest/globals';
import { DeadLettersAlertNotification, type QueueCounts } from 'nestjs-dispatch';

import { mistakesOf } from '../../dispatcher/application.js';
import { FakeBackend } from '../fake-backend.js';
import { collect, startQueued, until } from '../queued-application.js';

class CountingBackend extends FakeBackend {
  readonly answers: (number | Error)[] = [];
  looks = 0;

  override counts(): Promise<QueueCounts> {
    const failed = this.answers[this.looks] ?? 0;
    this.looks += 1;
    if (failed instanceof Error) return Promise.reject(failed);
    this.counted = { parked: { failed, unreadable: 0, unhandled: 0, invalid: 0 } };
    return super.counts();
  }
}

describe('the watch over dead letters', () => {
  let close: () => Promise<void> = () => Promise.resolve();

  afterEach(() => close());

  it('alerts once while there are too many, and again after there were fewer; a store that fails is logged', async () => {
    const backend = new CountingBackend();
    backend.answers.push(5, 6, 7, new Error('no store'), 9, 5, 4, 8, 9);
    const options = { queue: backend.factory, deadLetters: { alertAbove: 5, checkEveryMs: 1 } };
    const application = await startQueued({ options });
    close = () => application.app.close();
    const alerts = collect(application, DeadLettersAlertNotification);
    await until('all looks', () => backend.looks > 9);
    await until('the alerts', () => alerts.length === 2);
    expect(alerts.map(({ queue, count, limit }) => [queue, count, limit])).toEqual([
      ['default', 6, 5],
      ['default', 8, 5],
    ]);
    expect(JSON.stringify(application.log)).toContain('The dead letters cannot be counted: no store');
    await application.app.close();
    const looks = backend.looks;
    await new Promise((resolve) => setImmediate(resolve));
    expect(backend.looks).toBe(looks);
  });

  it.each<[unknown, string]>([
    [7, '"deadLetters" of DispatchModule is 7, not an object'],
    [{ alertAbove: -1 }, 'has alertAbove -1, not a number from 0'],
    [{ checkEveryMs: '5s' }, 'has checkEveryMs "5s", not a number of milliseconds from 0'],
    [{ limit: 1 }, 'has the unknown name "limit": there are alertAbove, checkEveryMs, store'],
    [{ store: { park: () => undefined } }, 'has a store without the method page(), an object'],
  ])('keeps an application from starting with deadLetters %j', async (deadLetters, text) => {
    const mistakes = await mistakesOf({ options: { deadLetters: deadLetters as never } });
    expect(mistakes.map((mistake) => mistake.text).join()).toContain(text);
  });
});
