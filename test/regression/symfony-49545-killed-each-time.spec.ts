import { describe, expect, it } from '@jest/globals';

import { chaosStage, streamsOf, TIMEOUT_MS } from '../chaos/staged.js';
import { STORES } from '../processes/stores.js';

const run = chaosStage();

// There, a worker that runs out of memory is killed before it can count the attempt, so the message comes back for ever.
describe('a message that kills its worker each time (symfony#49545)', () => {
  it.concurrent.each(STORES)(
    'on %s is a dead letter after its last attempt, and the others are handled',
    async (kind) => {
      const killer = streamsOf('killer', ['killer'], 1).map((stream) => ({ ...stream, poison: [1] }));
      const report = await run(kind, { streams: [...killer, ...streamsOf('idempotent', ['free0'], 20)] });
      expect(report).toMatchObject({ problems: [], lost: 0, kills: 3, deadLettersExpected: 1, deadLettersFound: 1 });
      expect(report.idempotent).toMatchObject({ effects: 20, duplicateEffects: 0 });
    },
    TIMEOUT_MS,
  );
});
