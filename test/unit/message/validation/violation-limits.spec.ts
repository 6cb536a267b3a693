import { describe, expect, it } from '@jest/globals';

import { InvalidMessageError, type Violation } from '../../../../lib/message/errors.js';
import { dottedPath } from '../../../../lib/message/validation/violation-limits.js';

const violationsOf = (count: number): Violation[] =>
  Array.from({ length: count }, (_, index) => ({ path: `lines.${index}`, message: 'is empty' }));

describe('An InvalidMessageError', () => {
  it('lists the first 100 of many violations, says how many there are, and shows 20', () => {
    const error = new InvalidMessageError('pay', violationsOf(250_000));
    expect(error.violations).toEqual(violationsOf(100));
    expect(error.violationCount).toBe(250_000);
    expect(error.message).toMatch(/lines\.19: is empty; and 249980 more\.$/);
  });

  it('lists and counts up to 100 violations as they are', () => {
    const error = new InvalidMessageError('pay', violationsOf(100));
    expect(error.violations).toEqual(violationsOf(100));
    expect(error.violationCount).toBe(100);
  });

  it('cuts long paths and texts short', () => {
    const [violation] = new InvalidMessageError('pay', [{ path: 'p'.repeat(1e6), message: 'm'.repeat(1e6) }])
      .violations;
    expect(violation).toEqual({ path: `${'p'.repeat(197)}...`, message: `${'m'.repeat(497)}...` });
  });

  it('counts as the error does whose violations it takes over', () => {
    const cause = new InvalidMessageError('pay', violationsOf(3000));
    const error = new InvalidMessageError('pay', cause.violations, { cause });
    expect(error.violationCount).toBe(3000);
    expect(error.message).toBe(cause.message);
    expect(new InvalidMessageError('pay', violationsOf(2), { cause }).violationCount).toBe(2);
  });
});

describe('The path of a violation', () => {
  it('is cut short where keys are long or many', () => {
    expect(dottedPath(['a', 'k'.repeat(1e6), 'b'])).toBe(`a.${'k'.repeat(195)}...`);
    expect(dottedPath(Array.from({ length: 100_000 }, () => 'a'))).toBe(`${'a.'.repeat(98)}a...`);
    expect(dottedPath(['k'.repeat(200)])).toBe('k'.repeat(200));
  });

  it('keeps empty keys, indexes and symbols', () => {
    expect(dottedPath(['', 'a', 0, Symbol('s')])).toBe('.a.0.Symbol(s)');
    expect(dottedPath([])).toBe('');
  });
});
