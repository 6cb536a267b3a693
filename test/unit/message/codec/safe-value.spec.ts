import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { assertSafe, DEFAULT_MAX_DEPTH } from '../../../../lib/message/codec/safe-value.js';
import { UnreadableMessageError } from '../../../../lib/message/errors.js';
import { propertyRuns } from '../../property-runs.js';

function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}

describe('assertSafe', () => {
  it.each([
    '{"__proto__":null}',
    '{"a":[{"b":{"constructor":{"prototype":{}}}}]}',
    '[[{"prototype":0}]]',
    '{"\\u005f\\u005fproto__":{"isAdmin":true}}',
    '{"__proto__":1,"fine":2}',
  ])('throws for an unsafe key wherever it is: %s', (text) => {
    expect(() => assertSafe(JSON.parse(text))).toThrow(UnreadableMessageError);
  });

  it('names the key and not the data', () => {
    expect(() => assertSafe(JSON.parse('{"__proto__":"secret"}'))).toThrow(/"__proto__"/);
    expect(() => assertSafe(JSON.parse('{"__proto__":"secret"}'))).not.toThrow(/secret/);
  });

  it.each(['{"proto":1,"__proto":2,"Constructor":3}', '["__proto__","constructor"]', '"constructor"', 'null', '0'])(
    'lets pass what only resembles an unsafe key: %s',
    (text) => {
      expect(() => assertSafe(JSON.parse(text))).not.toThrow();
    },
  );

  it('counts a lone object as one level, and allows 64 by default', () => {
    expect(() => assertSafe({}, 0)).toThrow(UnreadableMessageError);
    expect(() => assertSafe({}, 1)).not.toThrow();
    expect(() => assertSafe(nested(DEFAULT_MAX_DEPTH))).not.toThrow();
    expect(() => assertSafe(nested(DEFAULT_MAX_DEPTH + 1))).toThrow(/64 levels/);
  });

  it('refuses a text that is one deep pile of brackets without exhausting the stack', () => {
    expect(() => assertSafe(nested(200_000))).toThrow(UnreadableMessageError);
  });

  it('throws exactly when an object inside has such a key', () => {
    const key = fc.constantFrom('a', 'b', '__proto__', 'constructor', 'prototype', 'toString');
    const json = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('1', '"x"', 'null'),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join()}]`),
        fc
          .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 3, selector: ([name]) => name })
          .map((entries) => `{${entries.map(([name, value]) => `"${name}":${value}`).join()}}`),
      ),
    })).value;
    fc.assert(
      fc.property(json, (text) => {
        const unsafe = /"(?:__proto__|constructor|prototype)":/.test(text);
        let refused = false;
        try {
          assertSafe(JSON.parse(text));
        } catch (error) {
          refused = error instanceof UnreadableMessageError;
        }
        expect(refused).toBe(unsafe);
      }),
      propertyRuns(),
    );
  });
});
