import { describe, expect, it } from '@jest/globals';

import { memoryIdempotency } from '../../../lib/index.js';
import type { IdempotencyStore } from '../../../lib/pipeline/idempotency/idempotency-store.port.js';
import { idempotencyStoreContract } from '../../../lib/testing/index.js';
import { changedStore } from '../pipeline/idempotency/charging.js';

type Fault = (sound: IdempotencyStore) => Partial<IdempotencyStore>;

const LONG = 60_000;

/** A fault, and a case that finds it. */
const FAULTS: readonly (readonly [string, Fault, string])[] = [
  ['gives a key to everybody', () => ({ claim: async () => ({ status: 'claimed' }) }), 'gives a free key to the first'],
  [
    'takes each claim for another one',
    (sound) => ({ claim: (claim) => sound.claim({ ...claim, token: `${claim.token}${Math.random()}` }) }),
    'gives a key again to the token that has it',
  ],
  [
    'looks before it takes',
    (sound) => {
      const taken = new Set<string>();
      return {
        async claim(claim) {
          const isTaken = taken.has(claim.key);
          await Promise.resolve();
          taken.add(claim.key);
          return isTaken ? sound.claim(claim) : { status: 'claimed' };
        },
      };
    },
    'gives a key to one of a hundred',
  ],
  [
    'folds keys',
    (sound) => ({
      claim: (claim) => sound.claim({ ...claim, key: claim.key.normalize() }),
      complete: (key, ...rest) => sound.complete(key.normalize(), ...rest),
    }),
    'tells keys apart that look alike',
  ],
  ['wakes at once', () => ({ changed: async () => undefined }), 'ends the wait for a change'],
  [
    'takes every outcome',
    (sound) => ({
      async complete(key, _token, outcome, ttlMs) {
        await sound.complete(key, 'first', outcome, ttlMs);
        return true;
      },
    }),
    'gives the outcome of a completed call to all',
  ],
  ['locks what is completed', () => ({ renew: async () => true }), 'takes the same completion twice'],
  [
    'cuts outcomes',
    (sound) => ({
      complete: (key, token, outcome, ttlMs) => sound.complete(key, token, outcome.slice(0, 65_536), ttlMs),
    }),
    'keeps an outcome of more than a megabyte',
  ],
  [
    'never forgets an outcome',
    (sound) => ({ complete: (key, token, outcome) => sound.complete(key, token, outcome, LONG) }),
    'forgets an outcome when its time is over',
  ],
  [
    'tells everybody of a failure',
    (sound) => ({ claim: (claim) => sound.claim({ ...claim, isWaiting: true }) }),
    'frees the key of a failed call',
  ],
  [
    'never forgets a failure',
    (sound) => ({
      release: (key, token, failure) => sound.release(key, token, failure && { ...failure, keepMs: LONG }),
    }),
    'tells a failure no longer',
  ],
  ['frees nothing', () => ({ release: async () => undefined }), 'ends without an outcome'],
  [
    'holds locks for ever',
    (sound) => ({ claim: (claim) => sound.claim({ ...claim, lockMs: LONG }) }),
    'gives the key of a silent holder',
  ],
  ['renews nothing', () => ({ renew: async () => true }), 'holds a lock as long as it is renewed'],
  [
    'releases for anybody',
    (sound) => ({
      release: async (key, _token, failure) => {
        for (const token of ['first', 'second']) await sound.release(key, token, failure);
      },
    }),
    'lets one who lost the lock neither',
  ],
];

describe('the contract of idempotency stores', () => {
  it.each(FAULTS)('finds a store that %s', async (_fault, fault, title) => {
    const store = (): IdempotencyStore => {
      const sound = memoryIdempotency();
      return changedStore(sound, fault(sound));
    };
    const cases = idempotencyStoreContract({ store, patienceMs: 100 }).filter((each) => each.title.includes(title));
    expect(cases).toHaveLength(1);
    await expect(cases[0]?.run()).rejects.toHaveProperty('name', 'AssertionError');
  });

  it('gives each case a title of its own', () => {
    const titles = idempotencyStoreContract({ store: () => memoryIdempotency() }).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('closes what a case has opened, also where it fails', async () => {
    let open = 0;
    const store = (): IdempotencyStore => {
      open += 1;
      const close = async (): Promise<void> => void (open -= 1);
      return changedStore(memoryIdempotency(), { isShared: true, close });
    };
    const cases = idempotencyStoreContract({ store, patienceMs: 1 });
    const outcomes = await Promise.allSettled(cases.map(({ run }) => run()));
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true);
    expect(open).toBe(0);
  });
});
