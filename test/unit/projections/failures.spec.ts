import { describe, expect, it } from '@jest/globals';
import {
  ProjectionEventParkedNotification,
  ProjectionFailedNotification,
  ProjectionStoppedNotification,
  UnhandledExceptionBus,
  type ProjectionOptions,
} from 'nestjs-dispatch';

import { rejectionOf } from '../dispatcher/application.js';
import { LineAdded } from '../event-store/shop.js';
import { collect } from '../run-modes/queued-application.js';
import { Ledger, startProjected, until } from './ledger.js';

/** A ledger that fails at some quantities until it is mended. */
function failing(...quantities: number[]) {
  const ledger = new Ledger();
  const poison = new Set(quantities);
  const attempts: number[] = [];
  ledger.onEvent = (event) => {
    const { quantity } = event as LineAdded;
    if (poison.has(quantity)) attempts.push(quantity);
    if (poison.has(quantity)) throw new Error(`cannot add ${quantity}`);
  };
  return { ledger, poison, attempts };
}

async function startFailing(isTransactional: boolean, projection: ProjectionOptions, ...quantities: number[]) {
  const made = failing(...quantities);
  const shop = await startProjected({ ...made, isTransactional, projection: { retries: 1, ...projection } });
  const all = async () => {
    const found = [];
    for await (const { stream, version, error } of shop.projections.parked('ledger'))
      found.push(`${stream} ${version}: ${error}`);
    return found;
  };
  return { ...shop, ...made, parked: all };
}

const lines = (...quantities: number[]) => quantities.map((quantity) => new LineAdded(quantity));

describe.each([
  ['with transactions', true],
  ['without transactions', false],
])('a projection that fails at an event, %s', (_what, isTransactional) => {
  it('tries it again, after a wait, and goes on', async () => {
    const shop = await startFailing(isTransactional, { retries: 3 }, 2);
    const failed = collect(shop, ProjectionFailedNotification);
    await shop.append('order-1', ...lines(1, 2, 3));
    await until('a failure', () => failed.length === 1);
    shop.poison.clear();
    await shop.projections.whenCaughtUp('ledger', 3);
    expect(shop.ledger.entries['blue']).toEqual(['order-1 1 1', 'order-1 2 2', 'order-1 3 3']);
    expect(failed[0]).toMatchObject({ event: { stream: 'order-1', version: 2, position: 2 }, delayMs: 100 });
  });

  it('stops after its retries, says why, and goes on at that event when it is resumed', async () => {
    const shop = await startFailing(isTransactional, {}, 2);
    const stopped = collect(shop, ProjectionStoppedNotification);
    const unhandled: unknown[] = [];
    shop.app.get(UnhandledExceptionBus).subscribe(({ exception }) => unhandled.push(exception));
    await shop.append('order-1', ...lines(1, 2, 3));
    const error = await rejectionOf(shop.projections.whenCaughtUp('ledger', 3));
    expect(error).toMatchObject({
      code: 'DISPATCH_PROJECTION_STOPPED',
      reason: expect.stringContaining('cannot add 2'),
    });
    expect(shop.ledger.entries['blue']).toEqual(['order-1 1 1']);
    expect(unhandled).toEqual([expect.objectContaining({ message: 'cannot add 2' })]);
    await until('the notification', () => stopped.length === 1);
    const [status] = await shop.projections.list();
    expect(status).toMatchObject({ state: 'stopped', isHealthy: false, position: 1, lag: 2 });
    expect(await shop.projections.health()).toMatchObject({ isHealthy: false });
    shop.poison.clear();
    expect([await shop.projections.resume('ledger'), await shop.projections.resume('ledger')]).toEqual([true, false]);
    await shop.projections.whenCaughtUp('ledger', 3);
    expect(shop.ledger.entries['blue']).toHaveLength(3);
  });

  it('goes on where it was stopped when the application restarts', async () => {
    const first = await startFailing(isTransactional, {}, 1);
    await first.append('order-1', ...lines(1, 2));
    await rejectionOf(first.projections.whenCaughtUp('ledger', 2));
    await first.app.close();
    first.poison.clear();
    const { ledger, checkpoints, store } = first;
    const second = await startProjected({ ledger, checkpoints, store, isTransactional });
    await until('the rest', () => ledger.entries['blue']?.length === 2);
    await second.projections.whenCaughtUp('ledger', 2);
    expect(ledger.entries['blue']).toEqual(['order-1 1 1', 'order-1 2 2']);
  });

  it('goes on without a parked event, tells of it, and writes it when it is tried again', async () => {
    const shop = await startFailing(isTransactional, { onFailure: 'parkEvent' }, 2);
    const told = collect(shop, ProjectionEventParkedNotification);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(1, 2, 3)));
    expect(shop.ledger.entries['blue']).toEqual(['order-1 1 1', 'order-1 3 3']);
    expect(await shop.parked()).toEqual(['order-1 2: cannot add 2']);
    expect(await shop.projections.list()).toMatchObject([{ parkedCount: 1, isHealthy: false }]);
    expect(await shop.projections.retryParked('ledger')).toBe(1);
    await until('the second failure', () => told.length === 2);
    shop.poison.clear();
    expect(await shop.projections.retryParked('ledger', { stream: 'order-1' })).toBe(1);
    await until('the event', async () => (await shop.parked()).length === 0);
    expect(shop.ledger.entries['blue']).toEqual(['order-1 1 1', 'order-1 3 3', 'order-1 2 2']);
  });

  it('parks the later events of a stream too, and writes them in their order when they are tried again', async () => {
    const shop = await startFailing(isTransactional, { onFailure: 'parkStream' }, 1, 4);
    await shop.append('order-1', ...lines(1, 2));
    await shop.append('order-2', ...lines(3));
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(4, 5)));
    expect(shop.ledger.entries['blue']).toEqual(['order-2 1 3']);
    expect(await shop.parked()).toHaveLength(4);
    shop.poison.delete(1);
    await shop.projections.retryParked('ledger', { stream: 'order-1' });
    await until('two events', async () => (await shop.parked()).length === 2);
    expect(shop.ledger.entries['blue']).toEqual(['order-2 1 3', 'order-1 1 1', 'order-1 2 2']);
    await until('the failure', async () => (await shop.parked())[0] === 'order-1 3: cannot add 4');
    shop.poison.clear();
    await shop.projections.retryParked('ledger');
    await until('the rest', async () => (await shop.parked()).length === 0);
    await until('the end of the parking', async () => (await shop.checkpoints.parkedStreams(BLUE)).length === 0);
    await until('an event written', async () => {
      await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(6)));
      return shop.ledger.entries['blue']?.at(-1)?.endsWith(' 6') === true;
    });
  });

  it('gives parked events up', async () => {
    const shop = await startFailing(isTransactional, { onFailure: 'parkEvent' }, 1, 2);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(1, 2, 3)));
    expect(await shop.projections.discardParked('ledger')).toBe(2);
    expect([await shop.parked(), await shop.projections.retryParked('ledger')]).toEqual([[], 0]);
    expect(shop.ledger.entries['blue']).toEqual(['order-1 3 3']);
  });

  it('forgets a parked event whose stream is deleted, when it is tried again', async () => {
    const shop = await startFailing(isTransactional, { onFailure: 'parkEvent' }, 1);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(1)));
    await shop.events.delete('order-1');
    await shop.projections.retryParked('ledger');
    await until('nothing parked', async () => (await shop.parked()).length === 0);
    expect(shop.attempts).toEqual([1, 1]);
  });

  it('does the same about an event that cannot be read', async () => {
    const shop = await startFailing(isTransactional, { onFailure: 'parkEvent' });
    const broken = { id: 'e1', name: 'shop.line-added', schemaVersion: 1, payload: '{', metadata: {} };
    await shop.store.append('order-1', [broken], { expectedVersion: 'any' });
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(2)));
    expect(await shop.parked()).toHaveLength(1);
    expect(shop.ledger.entries['blue']).toEqual(['order-1 2 2']);
  });

  it('neither stops nor parks as long as the checkpoints cannot be written, and then goes on', async () => {
    const made = failing(1);
    const shop = await startProjected({ ...made, isTransactional, projection: { retries: 0 } });
    const { checkpoints } = shop;
    const failed = collect(shop, ProjectionFailedNotification);
    const stop = checkpoints.stop.bind(checkpoints);
    checkpoints.stop = () => Promise.reject(new Error('away'));
    await shop.append('order-1', ...lines(1, 2));
    await until('two failures', () => failed.length >= 2);
    made.poison.clear();
    await shop.projections.whenCaughtUp('ledger', 2);
    checkpoints.stop = stop;
    expect(shop.ledger.entries['blue']).toEqual(['order-1 1 1', 'order-1 2 2']);
  });
});

const BLUE = { projection: 'ledger', target: 'blue' } as const;

describe('a projection that fails at an event of a large batch', () => {
  it('writes each of the others once', async () => {
    const shop = await startFailing(true, { onFailure: 'parkEvent', retries: 0 }, 7, 8, 30);
    const all = Array.from({ length: 40 }, (_, index) => index);
    await shop.projections.whenCaughtUp('ledger', await shop.append('order-1', ...lines(...all)));
    const expected = all.filter((n) => ![7, 8, 30].includes(n)).map((n) => `order-1 ${n + 1} ${n}`);
    expect(shop.ledger.entries['blue']).toEqual(expected);
    expect(await shop.parked()).toHaveLength(3);
  });
});
