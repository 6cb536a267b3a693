import { describe, expect, it } from '@jest/globals';

import { chaosStage, LOCK_MS, streamsOf, TIMEOUT_MS } from '../chaos/staged.js';
import { STORES } from '../processes/stores.js';

const run = chaosStage();

// There, what a node left behind when it crashed was sent more than an hour later.
describe.each(STORES)('what a killed worker on %s had in hand (wolverine#565)', (kind) => {
  it(
    'is handled by others before twice the time of its lock is over',
    async () => {
      const report = await run(kind, {
        streams: streamsOf('plain', ['key0', 'key1', 'free0', 'free1', 'free2'], 30),
        lurking: [
          { point: 'handling', nth: 3, afterMs: 0 },
          { point: 'fetched', nth: 8, afterMs: 0 },
        ],
      });
      expect(report).toMatchObject({ problems: [], missed: [] });
      expect(report.takenOver).toBeGreaterThanOrEqual(2);
      expect(report.recoveryMaxMs).toBeGreaterThan(0);
      expect(report.recoveryMaxMs).toBeLessThan(2 * LOCK_MS);
    },
    TIMEOUT_MS,
  );
});
