import { describe, expect, it } from '@jest/globals';

import { Stage } from './scene/stage.js';
import { STORES } from '../../processes/stores.js';
import { until } from '../../processes/until.js';

const MAX_ATTEMPTS = 3;
/** The two end six processes in turn: each time a lock has to end, and a process to start. */
const SIX_DEATHS_MS = 45_000;

const stage = Stage.build();

describe.each(STORES)('a message on %s whose handler ends its process each time', (kind) => {
  it('is parked after its last attempt, with or without a key, and the others are handled', async () => {
    const scene = await stage.open(kind, { workerCount: 2, queue: { maxAttempts: MAX_ATTEMPTS } });
    const { load } = scene;
    await load.one({ kind: 'exit', afterMs: 100 });
    await load.one({ kind: 'exit', afterMs: 100 }, 'key0');
    await load.free(50, { kind: 'work', ms: 5 });
    await load.keyed(['key0', 'key1'], 10, { kind: 'work', ms: 5 });
    const look = async (): Promise<boolean> => {
      await scene.replaceEnded();
      return Object.keys(await scene.parked()).length === 2;
    };
    await until('both are parked', look, SIX_DEATHS_MS);

    expect(await scene.parked()).toEqual({
      'free-1': 'DISPATCH_ATTEMPTS_EXHAUSTED',
      'key0-1': 'DISPATCH_ATTEMPTS_EXHAUSTED',
    });
    await scene.findings();
    for (const id of ['free-1', 'key0-1']) {
      const attempts = scene.journal.of('started').flatMap((line) => (line.id === id ? [line.attempt] : []));
      // One that was counted may be missing: the other poison may end the process just before the handler starts.
      expect([1, 2, 3]).toEqual(expect.arrayContaining(attempts));
      expect(new Set(attempts).size).toBe(attempts.length);
    }
    expect(new Set(scene.journal.of('done').map(({ id }) => id)).size).toBe(70);
  });
});
