import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { InboxStore } from '../transactions/inbox/inbox-store.port.js';
import type { TransactionScope } from '../transactions/transaction-scope.port.js';

/** What the contract suite of inboxes is run on. */
export interface InboxContractSetup {
  /**
   * Makes a store that sees the same as all others it makes, where it says that it `isShared`. Called once or twice for each case. Each
   * store is closed at the end of its case.
   */
  readonly store: () => InboxStore | Promise<InboxStore>;
  /** Runs transactions that the store takes. It is opened and closed by the caller. */
  readonly transactions: TransactionScope;
}

/** One expectation that every inbox meets. */
export interface InboxContractCase {
  /** Unique in the suite. */
  readonly title: string;
  /** @throws AssertionError where the store does not meet the expectation */
  run(): Promise<void>;
}

interface Bench {
  /** A key nobody else uses. */
  readonly key: string;
  /** Records the key in a transaction, which ends as `end` does. @returns what the store says, once the transaction is over */
  readonly record: (options?: RecordOptions) => Promise<boolean>;
}

interface RecordOptions {
  readonly key?: string;
  readonly retentionMs?: number;
  /** Through the store of another process, where there is one. */
  readonly isOther?: boolean;
  /** Called in the transaction, with what the store says. */
  readonly end?: (isNew: boolean) => Promise<void>;
}

interface BenchCase {
  readonly title: string;
  readonly run: (bench: Bench) => Promise<void>;
}

const LONG_MS = 60_000;
const SHORT_MS = 30;

const CASES: readonly BenchCase[] = [
  {
    title: 'forgets a message whose transaction was rolled back',
    async run({ record }) {
      await assert.rejects(record({ end: () => Promise.reject(new RangeError('no')) }), RangeError);
      assert.equal(await record({ isOther: true }), true);
    },
  },
  {
    title: 'knows a message once its transaction has committed',
    async run({ record }) {
      assert.equal(await record(), true);
      assert.equal(await record({ isOther: true }), false);
      assert.equal(await record(), false);
    },
  },
  {
    title: 'says of one of many who come at once that it is new, and of the others once that has committed',
    async run({ record }) {
      const isNew = await Promise.all(
        Array.from({ length: 6 }, (_, index) => record({ isOther: index % 2 === 0, end: () => pass(5) })),
      );
      assert.equal(isNew.filter(Boolean).length, 1);
    },
  },
  {
    title: 'has who comes meanwhile wait, and be the one where the first is rolled back',
    async run({ record }) {
      const gate = new EventTarget();
      const fired = (what: string) => new Promise((resolve) => gate.addEventListener(what, resolve));
      const hasBegun = fired('begun');
      const first = record({
        end: async () => {
          const failing = fired('fail');
          gate.dispatchEvent(new Event('begun'));
          await failing;
          throw new RangeError('no');
        },
      });
      await hasBegun;
      let isDecided = false;
      const second = record({ isOther: true }).finally(() => (isDecided = true));
      await pass(50);
      assert.equal(isDecided, false);
      gate.dispatchEvent(new Event('fail'));
      await assert.rejects(first, RangeError);
      assert.equal(await second, true);
    },
  },
  {
    title: 'forgets a message when its time is over',
    async run({ record }) {
      assert.equal(await record({ retentionMs: SHORT_MS }), true);
      await pass(SHORT_MS * 2);
      assert.equal(await record(), true);
      assert.equal(await record(), false);
    },
  },
  {
    title: 'takes keys of any alphabet and of some length, each for itself',
    async run({ key, record }) {
      for (const odd of ['\0', '🦊\uD800', 'x'.repeat(5000), ' ', '"']) {
        assert.equal(await record({ key: `${key}${odd}` }), true);
        assert.equal(await record({ key: `${key}${odd}` }), false);
      }
      assert.equal(await record(), true);
    },
  },
];

/**
 * What every `InboxStore` must do, as cases for any test runner. They do not depend on each other or on their order.
 *
 * @example
 * const setup = { store: () => inMemoryInbox(), transactions: inMemoryTransactions() };
 * for (const { title, run } of inboxStoreContract(setup)) it(title, run);
 */
export function inboxStoreContract(setup: InboxContractSetup): readonly InboxContractCase[] {
  return CASES.map(({ title, run }) => ({ title, run: () => runCase(run, setup) }));
}

async function runCase(run: BenchCase['run'], { store, transactions }: InboxContractSetup): Promise<void> {
  const own = await store();
  const other = own.isShared ? await store() : own;
  const key = `contract-${randomUUID()}`;
  const record = ({ key: named = key, retentionMs = LONG_MS, isOther = false, end }: RecordOptions = {}) =>
    transactions.run(async (client) => {
      const handle = transactions.handleOf === undefined ? client : transactions.handleOf(client);
      const isNew = await (isOther ? other : own).record({ key: named, retentionMs }, handle);
      await end?.(isNew);
      return isNew;
    }, {});
  try {
    for (const each of new Set([own, other])) await each.open?.();
    await run({ key, record });
  } finally {
    await Promise.all([...new Set([own, other])].map((each) => each.close?.()));
  }
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
