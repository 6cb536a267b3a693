import { describe, expect, it } from '@jest/globals';

import { chaosStage, streamsOf, TIMEOUT_MS } from '../chaos/staged.js';
import { STORES } from '../processes/stores.js';

const run = chaosStage();
const NAMES = ['key0', 'key1', 'free0', 'free1'];

// There, a node that was away for longer than its lease goes on with what another one has by now.
describe('a worker that is stopped past its lease, and goes on (wolverine#585)', () => {
  it.concurrent.each(STORES)(
    'on %s has no idempotent effect again, and disturbs no order',
    async (kind) => {
      const report = await run(kind, {
        streams: streamsOf('idempotent', NAMES, 30),
        faults: [{ kind: 'stop', target: 0, afterMs: 100 }],
      });
      expect(report).toMatchObject({ problems: [], sent: 120, lost: 0, effectDisorder: 0 });
      expect(report.idempotent).toMatchObject({ effects: 120, duplicateEffects: 0 });
    },
    TIMEOUT_MS,
  );
});
