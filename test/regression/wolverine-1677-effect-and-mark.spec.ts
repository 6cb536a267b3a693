import { describe, expect, it } from '@jest/globals';

import { chaosStage, streamsOf, TIMEOUT_MS } from '../chaos/staged.js';
import { STORES } from '../processes/stores.js';

const run = chaosStage();
const STREAMS = ['free0', 'free1', 'free2'];
const LURKING = [{ point: 'committed', nth: 2, afterMs: 0 }] as const;

// There, the effect and the mark of the message are two transactions: who is killed between them has the effect again.
describe('a worker that is killed between an effect and its acknowledgement (wolverine#1677)', () => {
  it.concurrent.each(STORES)(
    'on %s has it once where the effect is marked with the idempotency key, and again where nothing is',
    async (kind) => {
      const [careful, careless] = await Promise.all(
        (['idempotent', 'plain'] as const).map((of) =>
          run(kind, { streams: streamsOf(of, STREAMS, 10), lurking: LURKING }),
        ),
      );
      expect(careful).toMatchObject({ problems: [], missed: [], lost: 0 });
      expect(careful?.idempotent).toMatchObject({ effects: 30, duplicateEffects: 0 });
      expect(careful?.idempotent.repeatedRuns).toBeGreaterThanOrEqual(1);

      expect(careless).toMatchObject({ problems: [], missed: [], lost: 0 });
      expect(careless?.plain.duplicateEffects).toBeGreaterThanOrEqual(1);
    },
    TIMEOUT_MS,
  );
});
