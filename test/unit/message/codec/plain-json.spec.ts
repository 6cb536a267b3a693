import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { encodeJson } from '../../../../lib/message/codec/json-codec.js';
import { JsonWriter } from '../../../../lib/message/codec/json-writer.js';
import { isPlainJson } from '../../../../lib/message/codec/plain-json.js';
import { propertyRuns } from '../../property-runs.js';

const MAX_DEPTH = 6;

class Money {
  constructor(
    readonly amount: unknown,
    readonly currency?: unknown,
  ) {}
}

class Price extends Money {}

const written = (value: unknown): string => JSON.stringify(new JsonWriter(MAX_DEPTH).write(value));

const outcome = (write: () => string): unknown => {
  try {
    return write();
  } catch (error) {
    return error;
  }
};

describe('what is written without a copy', () => {
  it('is the text that the writer makes of it, and what the writer refuses is refused', () => {
    const special = fc.constantFrom<unknown>(
      ...[undefined, Number.NaN, -0, 1n, Symbol('s'), () => 1, new Date(0), new Map([[1, 2]]), new Set(['a'])],
      ...[Buffer.from('a'), new Uint8Array(2), new Float32Array(1), new Error('e'), /x/, Promise.resolve(), Object(1)],
      ...[
        new URL('http://a.example'),
        Object.create(null) as unknown,
        { toJSON: () => 'text' },
        new WeakMap(),
        new DataView(new ArrayBuffer(1)),
      ],
      ...[
        JSON.parse('{"__proto__":1}') as unknown,
        { constructor: 1 },
        { '$dispatch:date': 1 },
        Array(1),
        Object.create({ inherited: () => 1 }) as unknown,
      ],
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), special),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.string({ maxLength: 4 }), tie('tree'), { maxKeys: 3 }),
        fc.tuple(tie('tree'), tie('tree')).map(([amount, currency]) => new Price(amount, currency)),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(outcome(() => encodeJson(value, MAX_DEPTH))).toEqual(outcome(() => written(value)));
      }),
      propertyRuns(2000),
    );
  });

  it.each<[string, unknown]>([
    ['a record of all that JSON has', { text: 'a', number: 1.5, flag: true, nothing: null, list: [1, ['b']] }],
    ['an object of a class, and of one that extends it', [new Money(1, 'EUR'), new Price(2)]],
    ['a field that is undefined', { left: undefined }],
    ['what is as deep as it may be', [[[[[[]]]]]]],
  ])('is %s', (_what, value) => {
    expect(isPlainJson(value, MAX_DEPTH)).toBe(true);
  });

  it.each<[string, () => unknown]>([
    ['what holds itself', cyclic],
    ['what is too deep', () => [[[[[[[]]]]]]]],
    ['an object whose class extends a special one', () => new (class extends Map<string, string> {})()],
    ['an object without a prototype', () => Object.create(null)],
    ['a list with a hole', () => Array(1)],
  ])('is never %s', (_what, make) => {
    expect(isPlainJson(make(), MAX_DEPTH)).toBe(false);
  });
});

function cyclic(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}
