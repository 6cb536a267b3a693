import { describe, expect, it } from '@jest/globals';

import { until } from '../unit/run-modes/queued-application.js';
import { flawsOf, parkAll, startLetters } from '../e2e/run-modes/letters.js';
import { QUEUED_MODES } from '../e2e/run-modes/modes.js';

// There, what failed for the last time stays in a set: to see why, to sort it and to run it again is every project's own work.
describe.each(QUEUED_MODES)('what was given up on, $name (OptimalBits/bull#423)', (mode) => {
  it('is listed with its cause, put back when that is mended, and removed where it is hopeless', async () => {
    const application = await startLetters(mode);
    const { letters, faults, queue } = application;
    await parkAll(application, ['mended', 'hopeless', 'mended too']);
    const page = await letters.list({ queue });
    expect(page.letters).toHaveLength(3);
    for (const { error, attempts, handler, message } of page.letters) {
      expect([error.name, attempts, handler, message?.name]).toEqual([
        'CourierError',
        1,
        'ShipHandler',
        'letters.ship',
      ]);
      expect(error.stack).toContain('letters.ts');
    }
    expect(await letters.groups({ queue })).toMatchObject([{ count: 3, error: 'CourierError' }]);
    expect(await letters.discard({ queue, text: 'hopeless' }, { reason: 'no such address' })).toMatchObject({
      discarded: 1,
    });
    faults.broken.clear();
    expect(await letters.replay({ queue })).toMatchObject({ matched: 2, replayed: 2, failed: 0 });
    await until('both to be handled', () => faults.begun.length === 5);
    await until('nothing to be left', async () => (await letters.count({ queue })) === 0);
    expect(flawsOf((await letters.list({ queue })).letters)).toEqual([]);
  });
});
