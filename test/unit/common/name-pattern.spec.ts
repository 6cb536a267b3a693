import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { namePattern, namePatternProblem } from '../../../lib/common/name-pattern.js';
import { propertyRuns } from '../property-runs.js';

const NAMES = ['billing', 'billing.charge', 'billing.card.charge', 'billingcharge', 'orders.charge'] as const;
const segment = fc.stringMatching(/^[a-z]{1,4}$/);
const name = fc.array(segment, { minLength: 1, maxLength: 4 });

describe('a pattern for names', () => {
  it.each<[string, readonly string[]]>([
    ['billing', ['billing']],
    ['billing.charge', ['billing.charge']],
    ['billing.*', ['billing.charge']],
    ['*.charge', ['billing.charge', 'orders.charge']],
    ['*', ['billing', 'billingcharge']],
    ['*.*.charge', ['billing.card.charge']],
    ['billing.#', ['billing', 'billing.charge', 'billing.card.charge']],
    ['billing.>', ['billing', 'billing.charge', 'billing.card.charge']],
    ['*.#', [...NAMES]],
    ['#', [...NAMES]],
    ['billing.charge.#', ['billing.charge']],
    ['bill*', []],
    ['billing.', []],
    ['', []],
  ])('%j fits %j', (pattern, expected) => {
    expect(NAMES.filter(namePattern(pattern))).toEqual(expected);
  });

  it.each(['billing', 'billing.charge', 'billing.*', '*.charge', '*', '#', '>', '*.#', 'billing.*.>', 'a-b_c:d'])(
    'can be %j',
    (pattern) => {
      expect(namePatternProblem(pattern)).toBeUndefined();
    },
  );

  it.each(['', '.', 'billing.', '.billing', 'a..b', '**', 'bill*', 'billing.**', '#.charge', '>.>', 'a.b#'])(
    'cannot be %j, which would fit nothing or not what it seems to',
    (pattern) => {
      expect(namePatternProblem(pattern)).toContain(`${JSON.stringify(pattern)} is no pattern`);
    },
  );

  it('fits a name that is the pattern, or that has anything for its stars', () => {
    fc.assert(
      fc.property(name, fc.infiniteStream(fc.boolean()), (segments, stars) => {
        const pattern = segments.map((text) => (stars.next().value === true ? '*' : text)).join('.');
        expect(namePattern(pattern)(segments.join('.'))).toBe(true);
        expect(namePattern(`${pattern}.#`)(segments.join('.'))).toBe(true);
        expect(namePattern(pattern)([...segments, 'more'].join('.'))).toBe(false);
        expect(namePattern(`${pattern}.>`)([...segments, 'more', 'yet'].join('.'))).toBe(true);
      }),
      propertyRuns(),
    );
  });
});
