import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { DeadLetterStore, KeptDeadLetter } from '../failures/dead-letters/store/dead-letter-store.port.js';

/** What the contract suite of stores of dead letters is run on. */
export interface DeadLetterStoreContractSetup {
  /** Makes a store for one case. The queues of a case have names of their own, so letters may be left behind. */
  readonly store: () => DeadLetterStore | Promise<DeadLetterStore>;
}

/** One expectation that every store of dead letters meets. */
export interface DeadLetterStoreContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

interface StoreCase {
  readonly title: string;
  readonly run: (store: DeadLetterStore, queue: string) => Promise<void>;
}

const PARKED_AT_MS = Date.UTC(2024, 0, 1);

const ALL: readonly StoreCase[] = [
  {
    title: 'gives a letter back as it was parked, whatever is in it',
    async run(store, queue) {
      const data = { payload: { text: 'ä\u0000\ud83d', none: null, list: [1.5, [], {}] } };
      const full = letter(queue, { data, label: 'bank', key: 'k', handler: 'Ship', attempts: 4 });
      const bare = letter(queue, { data: 'no object', error: { ...full.error, details: { violations: [] } } });
      await store.park(full);
      await store.park(bare);
      assert.deepEqual(await store.get(full.id), full);
      assert.deepEqual(await store.get(bare.id), bare);
      assert.equal(await store.get(`${full.id}-other`), undefined);
    },
  },
  {
    title: 'keeps one letter of an id, that which was parked last',
    async run(store, queue) {
      const first = letter(queue);
      const again = { ...first, attempts: 7, lastFailedAt: new Date(PARKED_AT_MS + 5) };
      await store.park(first);
      await store.park(first);
      assert.equal(await store.count({ queue, place: 'failed' }), 1);
      await store.park(again);
      assert.equal(await store.count({ queue, place: 'failed' }), 1);
      assert.deepEqual(await store.get(first.id), again);
    },
  },
  {
    title: 'removes a letter once, and none that has been parked since',
    async run(store, queue) {
      const first = letter(queue);
      const again = { ...first, lastFailedAt: new Date(PARKED_AT_MS + 5) };
      await store.park(first);
      await store.park(again);
      assert.equal(await store.remove(first.id, first.lastFailedAt), false);
      const told = await Promise.all([1, 2, 3].map(() => store.remove(first.id, again.lastFailedAt)));
      assert.deepEqual(
        told.filter((isDone) => isDone),
        [true],
      );
      assert.equal(await store.get(first.id), undefined);
      assert.equal(await store.count({ queue, place: 'failed' }), 0);
    },
  },
  {
    title: 'pages through the letters of a queue and place, the newest first, also while some are taken away',
    async run(store, queue) {
      // Several of each millisecond, so that the time alone does not say where a page ends.
      const letters = Array.from({ length: 23 }, (_, index) =>
        letter(queue, { lastFailedAt: new Date(PARKED_AT_MS + Math.floor(index / 4)) }),
      );
      for (const each of letters) await store.park(each);
      await store.park(letter(queue, { place: 'invalid' }));
      await store.park(letter(`${queue}-other`));
      const found: KeptDeadLetter[] = [];
      for (let after: { readonly parkedAtMs: number; readonly key: string } | undefined; ;) {
        const page = await store.page({ queue, place: 'failed', limit: 5, after });
        if (page.length === 0) break;
        assert.ok(page.length <= 5, `a page of ${page.length}`);
        found.push(...page.map((each) => each.letter));
        after = page.at(-1)?.spot;
        const [first] = page;
        if (first !== undefined) assert.ok(await store.remove(first.letter.id, first.letter.lastFailedAt));
      }
      assert.deepEqual(new Set(found.map(({ id }) => id)), new Set(letters.map(({ id }) => id)));
      assert.equal(found.length, letters.length);
      const times = found.map(({ lastFailedAt }) => lastFailedAt.getTime());
      assert.deepEqual(
        times,
        times.toSorted((one, other) => other - one),
      );
      assert.equal(await store.count({ queue, place: 'invalid' }), 1);
    },
  },
  {
    title: 'begins a page behind a time, with all that was parked before it',
    async run(store, queue) {
      const [old, young] = [letter(queue), letter(queue, { lastFailedAt: new Date(PARKED_AT_MS + 1) })];
      await store.park(old);
      await store.park(young);
      const before = async (parkedAtMs: number): Promise<string[]> => {
        const page = await store.page({ queue, place: 'failed', limit: 9, after: { parkedAtMs, key: '' } });
        return page.map((each) => each.letter.id);
      };
      assert.deepEqual(await before(PARKED_AT_MS), []);
      assert.deepEqual(await before(PARKED_AT_MS + 1), [old.id]);
      assert.deepEqual(await before(PARKED_AT_MS + 2), [young.id, old.id]);
    },
  },
];

/**
 * What every `DeadLetterStore` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * for (const { title, run } of deadLetterStoreContract({ store: () => inMemoryDeadLetters() })) it(title, run);
 */
export function deadLetterStoreContract(setup: DeadLetterStoreContractSetup): readonly DeadLetterStoreContractCase[] {
  return ALL.map(({ title, run }) => ({
    title,
    run: async () => {
      const store = await setup.store();
      try {
        await store.open?.();
        await run(store, `contract-${randomUUID()}`);
      } finally {
        await store.close?.();
      }
    },
  }));
}

function letter(queue: string, given: Partial<KeptDeadLetter> = {}): KeptDeadLetter {
  return {
    id: `failed~${queue}~${randomUUID()}`,
    queue,
    place: 'failed',
    label: undefined,
    name: 'orders.place',
    key: undefined,
    data: { order: 1 },
    handler: undefined,
    error: { name: 'Error', message: 'No äpples', code: undefined, stack: undefined, details: undefined },
    attempts: 1,
    firstFailedAt: new Date(PARKED_AT_MS - 1000),
    lastFailedAt: new Date(PARKED_AT_MS),
    ...given,
  };
}
