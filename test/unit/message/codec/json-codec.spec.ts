import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { decodeJson, encodeJson, parseJson } from '../../../../lib/message/codec/json-codec.js';
import { JsonWriter } from '../../../../lib/message/codec/json-writer.js';
import {
  MessageTooLargeError,
  UnreadableMessageError,
  UnserializableMessageError,
} from '../../../../lib/message/errors.js';
import { propertyRuns } from '../../property-runs.js';

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function roundTrip(value: unknown): unknown {
  return decodeJson(encodeJson(value));
}

/** A value without the fields that are undefined: as in JSON, they are not written. Elements of lists are. */
function asWritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asWritten);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [asWritten(key), asWritten(each)]));
  if (value instanceof Set) return new Set([...value].map(asWritten));
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain) return value;
  const written = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(written.map(([field, each]) => [field, asWritten(each)]));
}

describe('encodeJson refuses', () => {
  const cyclic: Record<string, unknown> = { lines: [{}] };
  (cyclic['lines'] as object[])[0] = { order: cyclic };
  const cases: readonly [string, unknown, string][] = [
    ['a function', { a: [() => 1] }, 'a.0'],
    ['a symbol', { a: { b: Symbol('s') } }, 'a.b'],
    ['a function alone', () => 1, ''],
    ['a cycle', cyclic, 'lines.0.order'],
    ['an Error', { failure: new Error('secret text') }, 'failure'],
    ['a Promise', { result: Promise.resolve() }, 'result'],
    ['a RegExp', { pattern: /x/ }, 'pattern'],
    ['a Float32Array', { samples: new Float32Array(2) }, 'samples'],
    ['an ArrayBuffer', { samples: new ArrayBuffer(2) }, 'samples'],
    ['a WeakMap', { index: new WeakMap() }, 'index'],
    ['an unsafe key', { a: { constructor: 1 } }, 'a.constructor'],
    ['a function in a Map', { prices: new Map([['x', () => 1]]) }, 'prices.0.value'],
  ];

  it.each(cases)('%s, naming where it is', (_title, value, path) => {
    const error = failureOf(() => encodeJson(value));
    expect(error).toBeInstanceOf(UnserializableMessageError);
    expect(error).toMatchObject({ code: 'DISPATCH_UNSERIALIZABLE_MESSAGE', path });
    expect((error as Error).message).not.toContain('secret text');
  });

  it('what is nested deeper than it may be read', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 64; level++) deep = { deep };
    expect(roundTrip(deep)).toEqual(deep);
    expect(failureOf(() => encodeJson({ deep }))).toMatchObject({ code: 'DISPATCH_UNSERIALIZABLE_MESSAGE' });
  });

  it('tags that would be deeper than they may be read', () => {
    expect(decodeJson(encodeJson(new Map([[1, [1n]]]), 5), { maxBytes: 100, maxDepth: 5 })).toEqual(
      new Map([[1, [1n]]]),
    );
    expect(failureOf(() => encodeJson(new Map([[1, [1n]]]), 4))).toBeInstanceOf(UnserializableMessageError);
  });
});

describe('decodeJson refuses', () => {
  const limits = { maxBytes: 40, maxDepth: 3 };

  it('a text above the limit, counted in UTF-8', () => {
    expect(decodeJson(JSON.stringify('é'.repeat(19)), limits)).toBe('é'.repeat(19));
    expect(failureOf(() => decodeJson(JSON.stringify('é'.repeat(20)), limits))).toMatchObject({
      sizeBytes: 42,
      maxBytes: 40,
    });
    expect(failureOf(() => decodeJson('€'.repeat(14), limits))).toBeInstanceOf(MessageTooLargeError);
  });

  it.each(['', '{', '{"card":4111111111111111', '{"card": 4111111111111111 x}', 'undefined', '\u0000'])(
    'what is no JSON without quoting it: %j',
    (text) => {
      const error = failureOf(() => decodeJson(text, limits));
      expect(error).toBeInstanceOf(UnreadableMessageError);
      expect((error as Error).message).not.toContain('4111');
      expect((error as Error).cause).toBeUndefined();
    },
  );

  it('what is nested too deep', () => {
    expect(decodeJson('[[[1]]]', limits)).toEqual([[[1]]]);
    expect(failureOf(() => decodeJson('[[[[]]]]', limits))).toBeInstanceOf(UnreadableMessageError);
  });

  it.each(['{"__proto__":{"a":1}}', '[{"constructor":1}]', '{"a":{"\\u0070rototype":1}}', '{"\\u005f_proto__":1}'])(
    'a key that reaches a prototype: %s',
    (text) => {
      expect(failureOf(() => decodeJson(text, limits))).toBeInstanceOf(UnreadableMessageError);
      expect(decodeJson('{"fine":1}', limits)).toEqual({ fine: 1 });
    },
  );
});

describe('what encodeJson wrote, decodeJson reads back', () => {
  it.each([
    ['a Date', new Date('2024-02-29T12:00:00.123Z')],
    ['bigints', [0n, -1n, 2n ** 80n]],
    ['special numbers', [Number.NaN, Infinity, -Infinity, -0, 0]],
    ['undefined in an array', [undefined, null]],
    ['undefined alone', undefined],
    [
      'a Map with any keys',
      new Map<unknown, unknown>([
        [{ a: 1 }, new Set([1n])],
        [undefined, -0],
        ['__proto__', 1],
      ]),
    ],
    ['a Set', new Set<unknown>([new Date(0), undefined, [1]])],
    ['bytes', new Uint8Array([0, 127, 255])],
    ['a Buffer', Buffer.from([0, 127, 255])],
    ['an empty Map, Set and Buffer', [new Map(), new Set(), Buffer.alloc(0)]],
    ['data that looks like a tag', { '$dispatch:date': '2024-01-01T00:00:00.000Z' }],
    ['data that looks like an escaped tag', { '$dispatch:escape': { '$dispatch:set': [{ '$dispatch:escape': 1n }] } }],
    ['data with a tag among other keys', { '$dispatch:date': 1n, gone: 2 }],
  ])('%s', (_title, value) => {
    expect(roundTrip({ value })).toStrictEqual(value === undefined ? {} : { value });
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('an invalid Date, as one', () => {
    const [date] = roundTrip([new Date(Number.NaN)]) as [Date];
    expect(date).toBeInstanceOf(Date);
    expect(date.getTime()).toBeNaN();
  });

  it('a tag look-alike that is alone only because its neighbour is undefined', () => {
    expect(roundTrip({ '$dispatch:bigint': '1', gone: undefined })).toStrictEqual({ '$dispatch:bigint': '1' });
  });

  it('an object written twice where it is met twice', () => {
    const shared = { at: new Date(5) };
    expect(roundTrip([shared, shared])).toStrictEqual([{ at: new Date(5) }, { at: new Date(5) }]);
  });

  it('fields of a class instance, and what toJSON gives', () => {
    class Money {
      constructor(private readonly cents: bigint) {}
      toJSON() {
        return { cents: this.cents, self: { toJSON: undefined } };
      }
    }
    class Order {
      readonly total = new Money(5n);
      readonly link = new URL('https://example.org/');
      get computed() {
        return 1;
      }
    }
    expect(roundTrip(new Order())).toStrictEqual({ total: { cents: 5n, self: {} }, link: 'https://example.org/' });
  });

  it('a toJSON that gives a tagged kind of value, or the object itself', () => {
    const self = { a: 1n, toJSON: () => self };
    expect(failureOf(() => encodeJson(self))).toMatchObject({ path: 'toJSON' });
    class Bag {
      readonly at = new Date(1);
      toJSON() {
        return this;
      }
    }
    expect(roundTrip([new Bag(), { toJSON: () => new Map([[1, 2]]) }])).toStrictEqual([
      { at: new Date(1) },
      new Map([[1, 2]]),
    ]);
  });

  it('no field that is undefined, also of a name that every object has', () => {
    expect(roundTrip([{ valueOf: undefined, toString: 1 }])).toStrictEqual([{ toString: 1 }]);
  });

  it('any nested value', () => {
    const key = fc.string().filter((text) => !['__proto__', 'constructor', 'prototype', 'toJSON'].includes(text));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.oneof(
          fc.string(),
          fc.double(),
          fc.boolean(),
          fc.bigInt(),
          fc.constantFrom(null, undefined),
          fc.date({ noInvalidDate: true }),
          fc.uint8Array(),
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        fc.array(tie('value')),
        fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
        fc.array(tie('value')).map((items) => new Set(items)),
        fc.dictionary(
          fc.oneof(key, fc.constantFrom('$dispatch:date', '$dispatch:escape', '$dispatch:x')),
          tie('value'),
          {
            noNullPrototype: true,
          },
        ),
      ),
    }));
    fc.assert(
      fc.property(value, (any) => {
        expect(roundTrip(any)).toStrictEqual(asWritten(any));
        const writer = new JsonWriter(64);
        expect(Buffer.byteLength(JSON.stringify(writer.write(any)))).toBeLessThanOrEqual(writer.mostBytes);
      }),
      propertyRuns(300),
    );
  });
});

describe('JSON from outside', () => {
  it('is read by decodeJson as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/__proto__|constructor|prototype/.test(text));
        expect(decodeJson(text)).toStrictEqual(JSON.parse(text));
      }),
      propertyRuns(),
    );
  });

  it.each([
    '{"$dispatch:unknown":1}',
    '{"$dispatch:date":5}',
    '{"$dispatch:date":"not a date"}',
    '{"$dispatch:bigint":"0x1f"}',
    '{"$dispatch:number":"12"}',
    '{"$dispatch:map":[[1]]}',
    '{"$dispatch:set":{}}',
    '{"$dispatch:undefined":null}',
    '{"$dispatch:escape":[1]}',
    '{"$dispatch:date":"2024-01-01","more":1}',
  ])('stays what it is where it is no proper tag: %s', (text) => {
    expect(decodeJson(text)).toStrictEqual(JSON.parse(text));
  });

  it('is never revived by parseJson', () => {
    expect(parseJson('{"$dispatch:bigint":"1"}')).toStrictEqual({ '$dispatch:bigint': '1' });
  });
});
