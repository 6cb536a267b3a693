import { describe, expect, it } from '@jest/globals';

import { NEUTRAL_TEXT, ValueMask } from '../../../../lib/message/validation/mask-values.js';

const masked = (text: string, value: unknown, minBareLength?: number): string =>
  new ValueMask().apply(text, [value], minBareLength);

/** An array that counts how often one of its items is read. */
function countingArray(length: number) {
  const reads = { count: 0 };
  const items = new Proxy(Array.from({ length }), {
    get(target, key, receiver) {
      if (typeof key === 'string' && key !== 'length') reads.count++;
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
  return { items, reads };
}

function rangeFrom(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index);
}

describe('A text about a payload', () => {
  it.each<[string, unknown, string, string]>([
    ['a quoted string', 'bob', `not "bob", 'bob', \`bob\` or bobby`, 'not [value], [value], [value] or bobby'],
    ['a string quoted as JSON', 'x"y\n', String.raw`got "x\"y\n"`, 'got [value]'],
    ['a long bare string', 'hunter2000', 'got hunter2000, not hunter20001', 'got [value], not hunter20001'],
    ['a string of pattern characters', '.*(+[$&\\', 'got .*(+[$&\\ now', 'got [value] now'],
    ['a number', -7, 'got -7 and -7.5 and >= -7 and x-7', 'got [value] and -7.5 and >= -7 and x-7'],
    ['a bigint', 42n, 'got 42.', 'got [value].'],
    ['a boolean', true, 'got true', 'got [value]'],
    ['a date', new Date(0), 'got 1970-01-01T00:00:00.000Z!', 'got [value]!'],
    ['fields, keys of a Map, members', { a: [new Map([[11, new Set([22])]])] }, '11, 22', '[value], [value]'],
    ['bytes', Uint8Array.of(200, 201), 'got 200,201', 'got [value],[value]'],
    ['a string inside another', ['password', 'password-123'], 'got password-123', 'got [value]'],
    ['overlapping strings', ['one two three', 'two three four'], 'got one two three four', 'got [value]'],
  ])('is stripped of %s', (_title, value, text, expected) => {
    expect(masked(text, value)).toBe(expected);
  });

  it('keeps short words of the payload unless all of them are to be found', () => {
    expect(masked('must be a string', 'string')).toBe('must be a string');
    expect(masked('must be a string', 'string', 1)).toBe('must be a [value]');
  });

  it.each([[undefined], [null], [''], [Symbol('must')], [new Date(Number.NaN)], [{}]])(
    'is kept where the value is %p',
    (value) => {
      expect(masked('must be null or Invalid Date', value)).toBe('must be null or Invalid Date');
    },
  );

  it('is stripped of a value that contains itself', () => {
    const value: Record<string, unknown> = { name: 'itself-here' };
    value['self'] = value;
    expect(masked('got itself-here', value)).toBe('got [value]');
  });

  it.each([490, 499])('is cut without a part of the value that begins at character %d', (start) => {
    const result = masked(`${' '.repeat(start)}secret-of-bob is wrong`, 'secret-of-bob');
    expect(result.length).toBeLessThanOrEqual(500);
    expect(result).not.toMatch(/secret|bob/);
  });

  it('is cut without a part of a value that is longer than what is looked at', () => {
    const value = 'secret-'.repeat(200_000);
    expect(masked(`got ${value}!`, value)).toBe('got [value]...');
    expect(masked(`got "${value}"!`, value)).toBe('got [value]...');
    expect(masked(`got ${JSON.stringify(`${value}\n`)}!`, `${value}\n`)).toBe('got [value]...');
  });

  it('is cut to 500 characters also where masks make it longer', () => {
    const result = masked('7 '.repeat(400), 7);
    expect(result).toMatch(/^(?:\[value\] )+.*\.\.\.$/);
    expect(result).toHaveLength(500);
  });
});

describe('A text about a payload that is too large to search', () => {
  it('is replaced after a bounded number of looks', () => {
    const { items, reads } = countingArray(1_000_000);
    expect(masked('must be a list', items)).toBe(NEUTRAL_TEXT);
    expect(reads.count).toBeLessThan(20_000);
  });

  it('is replaced where the payload is nested in many small parts', () => {
    const parts = rangeFrom(0, 6000).map((part) => ({ part }));
    expect(masked('must be a list', parts)).toBe(NEUTRAL_TEXT);
  });

  it('is replaced where its own characters repeat what the payload has many of', () => {
    const values = rangeFrom(1, 400).map((length) => 'a'.repeat(length));
    expect(masked('a'.repeat(1000), values)).toBe(NEUTRAL_TEXT);
  });

  it('is replaced where a bigint is too long to print', () => {
    expect(masked('must be small', -(10n ** 100_000n))).toBe(NEUTRAL_TEXT);
  });

  it('shares its allowance with the other texts about collections of the message', () => {
    const mask = new ValueMask();
    const { items, reads } = countingArray(4000);
    const texts = rangeFrom(0, 100).map(() => mask.apply('must be a list', [items]));
    expect(texts.slice(0, 2)).toEqual(['must be a list', 'must be a list']);
    expect(new Set(texts.slice(2))).toEqual(new Set([NEUTRAL_TEXT]));
    expect(reads.count).toBeLessThan(20_000);
    expect(mask.apply('got "bob"', ['bob'])).toBe('got [value]');
  });
});
