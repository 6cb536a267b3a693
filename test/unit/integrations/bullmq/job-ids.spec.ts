import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { entryIdOf, jobIdOf } from '../../../../lib/integrations/bullmq/entries/job-ids.js';
import { propertyRuns } from '../../property-runs.js';

describe('job ids of BullMQ', () => {
  it('leaves an id that BullMQ takes as it is', () => {
    expect(jobIdOf('0196c1a2-7b1e-7000-8000-000000000000')).toBe('0196c1a2-7b1e-7000-8000-000000000000');
    expect(jobIdOf('repeat:tick:1700000000000')).toBe('repeat:tick:1700000000000');
  });

  it.each(['7', '-7', '0', '0:1', 'a:b', '', '%', '%31', 'ü 🎉', '\uD800', 'a\u0000b', '%u0041'])(
    'makes an id of %j that BullMQ takes, and finds the way back',
    (id) => {
      const jobId = jobIdOf(id);
      expect(jobId).toMatch(/^[\w.~!*'()%-]+$/);
      expect(jobId).not.toMatch(/^-?\d+$/);
      expect(entryIdOf(jobId)).toBe(id);
    },
  );

  it('gives different ids to different entries', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(entryIdOf(jobIdOf(one))).toBe(one);
        expect(jobIdOf(one) === jobIdOf(other)).toBe(one === other);
      }),
      propertyRuns(300),
    );
  });

  it.each(['%ZZ', '%E0%A4%A', '100%'])('leaves the job id %j of a stranger as it is', (id) => {
    expect(entryIdOf(id)).toBe(id);
  });
});
