import { describe, expect, it } from '@jest/globals';

import { durationMs } from '../../../lib/common/duration.js';

describe('a duration', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5s', 1500],
    ['0s', 0],
  ])('%s is %d ms', (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });

  it.each([5, '5', 's', '-5s', '5 s', '5S', '.5s', '5.s', '1e3ms', '5s ', '', undefined, null, { ms: 5 }])(
    'is nothing else: %j',
    (text) => {
      expect(durationMs(text)).toBeUndefined();
    },
  );
});
