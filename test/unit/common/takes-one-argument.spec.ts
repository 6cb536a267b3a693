import { runInThisContext } from 'node:vm';

import { describe, expect, it } from '@jest/globals';

import { takesOneArgument } from '../../../lib/common/takes-one-argument.js';

const methods = {
  none() {
    return 0;
  },
  async one(value: unknown) {
    return value;
  },
  two(value: unknown, context: unknown) {
    return [value, context];
  },
  /** A name that looks like an empty list of parameters. */
  ['named()'](value: unknown, context: unknown) {
    return [value, context];
  },
};

describe('a function takes one argument', () => {
  it.each<[string, unknown]>([
    ['none', methods.none],
    ['one', methods.one],
    ['an arrow with parentheses', (value: unknown) => value],
    ['an arrow without', runInThisContext('value => String(value)')],
  ])('where it has %s', (_form, value) => {
    expect(takesOneArgument(value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['two parameters', methods.two],
    ['two and a misleading name', methods['named()']],
    ['a misleading comment', runInThisContext('(function execute /* () */ (a, b = 1) { return [a, b]; })')],
    ['a default', (value: unknown, context: unknown = 1) => [value, context]],
    ['a rest parameter', (...args: unknown[]) => args],
    ['no text, being bound', methods.two.bind(undefined, 1)],
    ['no text, being a proxy', new Proxy(methods.one, {})],
  ])('not where it has %s', (_form, value) => {
    expect(takesOneArgument(value)).toBe(false);
  });

  it('not where it is no function', () => {
    expect(takesOneArgument('execute')).toBe(false);
  });
});
