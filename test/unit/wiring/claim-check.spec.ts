import { describe, expect, it } from '@jest/globals';
import { memoryClaimCheck, type DispatchOptions } from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from '../dispatcher/application.js';
import { PlayedStore } from '../run-modes/claim-check/played-store.js';
import { FakeBackend } from '../run-modes/fake-backend.js';

const store = memoryClaimCheck();

class DurableBackend extends FakeBackend {
  override readonly features = new Set(['durable', 'shared'] as const);
}

describe('the option "claimCheck"', () => {
  it.each<[unknown, string]>([
    ['a store', 'has "a store" as its options: give an object.'],
    [{}, 'has no store: give one, such as postgresClaimCheck()'],
    [{ store: {} }, 'has the option "store", which is an object without the method put().'],
    [{ store, tresholdBytes: 1 }, 'has the option "tresholdBytes", which is unknown: the options are store,'],
    [{ store, thresholdBytes: -1 }, 'thresholdBytes", which is -1, not a whole number of bytes from 0.'],
    [{ store, ttlMs: 5 }, 'which is 5, not a whole number of milliseconds from 1000.'],
    [{ store, thresholdBytes: 2_000_000 }, 'has thresholdBytes 2000000, above "maxPayloadBytes" (1048576)'],
    [{ store, maxBytes: 1000 }, 'has maxBytes 1000, below its thresholdBytes (65536).'],
  ])('%j is told of at bootstrap', async (claimCheck, text) => {
    const mistakes = await mistakesOf({ options: { claimCheck } as DispatchOptions });
    expect(mistakes).toEqual([{ rule: 'invalid-options', text: expect.stringContaining(text) }]);
    expect(mistakes[0]?.text).toMatch(/^The option "claimCheck" of DispatchModule/);
  });

  it('with a store in memory is warned of where the queue outlives the process, and nowhere else', async () => {
    const warnings = async (options: DispatchOptions): Promise<number> => {
      const { log } = await start({ options });
      return log.lines.filter((line) => line.includes('memory of this process')).length;
    };
    expect(await warnings({ queue: new DurableBackend().factory, claimCheck: { store } })).toBe(1);
    expect(await warnings({ queue: new DurableBackend().factory, claimCheck: { store: new PlayedStore() } })).toBe(0);
    expect(await warnings({ queue: new FakeBackend().factory, claimCheck: { store } })).toBe(0);
  });

  it('with a store that cannot be opened stops the start, and the store is closed', async () => {
    const closed: PlayedStore = Object.assign(new PlayedStore(), { open: () => Promise.reject(new RangeError('no')) });
    const starting = start({ options: { queue: new FakeBackend().factory, claimCheck: { store: closed } } });
    expect(await rejectionOf(starting)).toMatchObject({ message: 'no' });
    expect(closed.isClosed).toBe(true);
  });
});

describe('options of memoryClaimCheck()', () => {
  it.each<[unknown, string]>([
    [{ maxBytes: 0 }, 'has maxBytes 0, not a whole number from 1'],
    [{ bytes: 1 }, 'has the unknown option "bytes"'],
    [null, 'has null as its options: give an object'],
  ])('%j are refused', (options, text) => {
    expect(() => memoryClaimCheck(options as object)).toThrow(
      expect.objectContaining({
        code: 'DISPATCH_INVALID_CLAIM_CHECK_OPTIONS',
        message: expect.stringContaining(text) as unknown,
      }),
    );
  });
});
