import { describe, expect, it } from '@jest/globals';

import type { Effect, NotedEffect } from '../../sample/03-workers/effects.js';
import type { Placed } from '../../sample/03-workers/run/customers.js';
import { reconcile, type Outcome } from '../../sample/03-workers/run/reconcile.js';
import { CONCURRENCY } from '../../sample/03-workers/settings.js';

const ORDERS_EACH = 8;
const DEAD = 'worker-1';
const LEFT = 'worker-2';

const PLACED: Placed = {
  customers: ['ada'],
  ordersEach: ORDERS_EACH,
  receipts: ['1@orders', '2@orders', '3@orders', '4@orders', '5@orders', '6@orders'],
  answers: ['ada-3', 'ada-6'],
};

/** The dead worker did all there is to do of the first three orders; the third was placed once more by the one left. */
const EFFECTS: readonly NotedEffect[] = Array.from({ length: ORDERS_EACH }, (_, index) => index + 1).flatMap(
  (number) => [
    effect('placed', number, number <= 3 ? DEAD : LEFT),
    ...(number === 3 ? [effect('placed', number, LEFT)] : []),
    effect('reserved', number, number <= 3 ? DEAD : LEFT),
    effect('confirmed', number, LEFT),
  ],
);

const OUTCOME: Outcome = { placed: PLACED, effects: EFFECTS, killed: DEAD, completedReceipts: 6, parked: 0 };

describe('the checks of 03-workers', () => {
  it('hold where only what the dead worker had in hand was done twice', () => {
    expect(failed(OUTCOME)).toEqual([]);
  });

  it.each<{ fault: string; change: Partial<Outcome>; off: readonly string[] }>([
    {
      fault: 'a confirmation was never sent',
      change: { effects: EFFECTS.filter(({ what, number }) => what !== 'confirmed' || number !== 5) },
      off: ['confirmed at least once', 'lost'],
    },
    {
      fault: 'two orders of a customer changed places',
      change: { effects: [...EFFECTS, effect('placed', 2, LEFT)] },
      off: ['order kept for every customer'],
    },
    {
      fault: 'something was done twice that the dead worker did not have in hand',
      change: { effects: [...EFFECTS, effect('confirmed', 8, LEFT)] },
      off: ['repeats within the promise'],
    },
    {
      fault: 'something was done three times',
      change: { effects: [...EFFECTS, effect('reserved', 1, LEFT), effect('reserved', 1, LEFT)] },
      off: ['repeats within the promise'],
    },
    {
      fault: 'the dead worker would have had more in hand than it can',
      change: { effects: [...EFFECTS.map(byTheDead), ...repeatedReservations(CONCURRENCY + 1)] },
      off: ['repeats within the promise'],
    },
    {
      fault: 'nothing of the dead worker was done again',
      change: {
        effects: EFFECTS.filter(({ what, worker, number }) => what !== 'placed' || number !== 3 || worker === DEAD),
      },
      off: ['the command in the crash was handled again'],
    },
    { fault: 'a receipt does not say completed', change: { completedReceipts: 5 }, off: ['completed'] },
    { fault: 'a message was parked', change: { parked: 1 }, off: ['parked'] },
    { fault: 'the queues were not empty in time', change: { parked: undefined }, off: ['parked'] },
    {
      fault: 'two who waited got the same answer',
      change: { placed: { ...PLACED, answers: ['ada-3', 'ada-3'] } },
      off: ['answers to those who waited'],
    },
  ])('fail where $fault', ({ change, off }) => {
    expect(failed({ ...OUTCOME, ...change })).toEqual(off);
  });
});

function effect(what: Effect['what'], number: number, worker: string): NotedEffect {
  return { what, customer: 'ada', number, worker };
}

function byTheDead(noted: NotedEffect): NotedEffect {
  return noted.what === 'reserved' ? { ...noted, worker: DEAD } : noted;
}

function repeatedReservations(count: number): NotedEffect[] {
  return Array.from({ length: count }, (_, index) => effect('reserved', index + 1, LEFT));
}

function failed(outcome: Outcome): string[] {
  return reconcile(outcome).flatMap(({ what, isRight }) => (isRight ? [] : [what.trim()]));
}
