import type { Effect, NotedEffect } from '../effects.js';
import { CONCURRENCY, LANES } from '../settings.js';
import type { Placed } from './customers.js';

/** Something that must hold, and whether it does. */
export interface Check {
  readonly what: string;
  readonly isRight: boolean;
  /** As it is printed. */
  readonly value: string | number;
}

/** What is known from both sides when everything is over. */
export interface Outcome {
  readonly placed: Placed;
  /** In the order they took place. */
  readonly effects: readonly NotedEffect[];
  /** The worker that was killed. */
  readonly killed: string;
  readonly completedReceipts: number;
  /** Undefined where the queues were not empty in time. */
  readonly parked: number | undefined;
}

/** How many messages the killed worker can have had in hand; more than these are never handled twice. */
const IN_HAND: Record<Effect['what'], number> = { placed: LANES, reserved: CONCURRENCY, confirmed: CONCURRENCY };

/** Compares what was sent with what took place. */
export function reconcile(outcome: Outcome): Check[] {
  const { placed, effects, completedReceipts, parked } = outcome;
  const sent = placed.customers.length * placed.ordersEach;
  const kinds = Object.keys(IN_HAND) as Effect['what'][];
  const lost = kinds.reduce((sum, what) => sum + sent - distinct(effects, what), 0);
  return [
    equal('orders sent', sent, placed.receipts.length + placed.answers.length),
    ...kinds.map((what) => equal(`  ${what} at least once`, sent, distinct(effects, what))),
    equal('  lost', 0, lost),
    equal('answers to those who waited', placed.answers.length, new Set(placed.answers).size),
    equal('receipts of those who did not', placed.receipts.length, new Set(placed.receipts).size),
    equal('  completed', placed.receipts.length, completedReceipts),
    equal('parked', 0, parked ?? 'unknown'),
    holds(
      'order kept for every customer',
      placed.customers.every((name) => isInOrder(effects, name)),
    ),
    holds('the command in the crash was handled again', repeats(effects, 'placed').length > 0),
    holds(
      'repeats within the promise',
      kinds.every((what) => areRepeatsAllowed(outcome, what)),
    ),
  ];
}

function equal(what: string, expected: number, counted: number | string): Check {
  const isRight = expected === counted;
  return { what, isRight, value: isRight ? expected : `${counted}, not ${expected}` };
}

function holds(what: string, isRight: boolean): Check {
  return { what, isRight, value: isRight ? 'yes' : 'no' };
}

function distinct(effects: readonly NotedEffect[], what: Effect['what']): number {
  return new Set(effects.filter((effect) => effect.what === what).map(orderOf)).size;
}

/** One order at a time for each customer: the next is the same one, after the crash, or the one that follows. */
function isInOrder(effects: readonly NotedEffect[], customer: string): boolean {
  const numbers = effects.filter((effect) => effect.what === 'placed' && effect.customer === customer);
  return numbers.every(({ number }, index) => {
    const last = numbers[index - 1]?.number ?? 0;
    return number === last + 1 || number === last;
  });
}

/** Each repeat was begun by the worker that was killed, and they are no more than it had in hand. */
function areRepeatsAllowed({ effects, killed }: Outcome, what: Effect['what']): boolean {
  const repeated = repeats(effects, what);
  return (
    repeated.length <= IN_HAND[what] &&
    repeated.every(([first, ...again]) => {
      return first?.worker === killed && again.length === 1;
    })
  );
}

/** The effects that took place more than once, each with all its times. */
function repeats(effects: readonly NotedEffect[], what: Effect['what']): NotedEffect[][] {
  const byOrder = new Map<string, NotedEffect[]>();
  for (const effect of effects) {
    if (effect.what !== what) continue;
    byOrder.set(orderOf(effect), [...(byOrder.get(orderOf(effect)) ?? []), effect]);
  }
  return [...byOrder.values()].filter(({ length }) => length > 1);
}

function orderOf({ customer, number }: Effect): string {
  return `${customer}-${number}`;
}
