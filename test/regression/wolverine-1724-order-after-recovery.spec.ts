import { describe, expect, it } from '@jest/globals';

import type { Strike } from '../chaos/programs/strikes.js';
import { chaosStage, streamsOf, TIMEOUT_MS } from '../chaos/staged.js';
import { STORES } from '../processes/stores.js';

const run = chaosStage();
const KEYS = ['key0', 'key1', 'key2', 'key3'];
const LURKING: readonly Strike[] = [
  { point: 'handling', nth: 3, afterMs: 0 },
  { point: 'committed', nth: 5, afterMs: 0 },
];

// There, what is recovered comes after what was sent later.
describe('workers that are killed in the midst of messages with keys (wolverine#1724)', () => {
  it.concurrent.each(STORES)(
    'on %s leave the order of each key as it was',
    async (kind) => {
      const streams = [...streamsOf('idempotent', KEYS, 20), ...streamsOf('plain', ['key4', 'key5'], 20)];
      const report = await run(kind, { streams, lurking: LURKING });
      expect(report).toMatchObject({ problems: [], missed: [], disorder: 0, effectDisorder: 0, lost: 0 });
      expect(report.takenOver).toBeGreaterThanOrEqual(2);
    },
    TIMEOUT_MS,
  );
});
