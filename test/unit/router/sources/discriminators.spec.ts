import { describe, expect, it } from '@jest/globals';

import type { TransportMeta } from '../../../../lib/dispatcher/raw-intake.js';
import {
  and,
  fieldEquals,
  fieldMatches,
  hasFields,
  header,
  matches,
  not,
  or,
  type Discriminator,
} from '../../../../lib/router/sources/discriminators.js';
import { viewOf } from '../../../../lib/router/sources/view.js';

function holds(discriminator: Discriminator, value: unknown, meta: TransportMeta = {}): boolean {
  return matches(discriminator, viewOf(value), meta);
}

describe('discriminators', () => {
  it('hasFields wants every field', () => {
    expect(holds(hasFields('a', 'b.c'), { a: 1, b: { c: null } })).toBe(true);
    expect(holds(hasFields('a', 'b.c'), { a: 1, b: {} })).toBe(false);
  });

  it('fieldEquals never takes a string for another type', () => {
    expect(holds(fieldEquals('n', '5'), { n: 5 })).toBe(false);
    expect(holds(fieldEquals('n', 5), { n: '5' })).toBe(false);
    expect(holds(fieldEquals('n', 'true'), { n: true })).toBe(false);
    expect(holds(fieldEquals('n', null), {})).toBe(false);
    expect(holds(fieldEquals('n', null), { n: null })).toBe(true);
    expect(holds(fieldEquals('n', '5'), { n: '5' })).toBe(true);
  });

  it('fieldMatches looks at strings only', () => {
    expect(holds(fieldMatches('n', /^\d$/), { n: 5 })).toBe(false);
    expect(holds(fieldMatches('n', /^\d$/), { n: '5' })).toBe(true);
  });

  it('fieldMatches and header answer the same every time with g and y patterns', () => {
    const pattern = /a/g;
    const asked = [fieldMatches('n', pattern), fieldMatches('n', /a/y), header('h', /a/g)];
    for (const discriminator of asked) {
      const answers = [1, 2, 3].map(() => holds(discriminator, { n: 'a' }, { headers: { h: 'a' } }));
      expect(answers).toEqual([true, true, true]);
    }
    expect(pattern.lastIndex).toBe(0);
  });

  it('header ignores the case of names but not of values', () => {
    const meta = { headers: { 'X-Event': 'push' } };
    expect(holds(header('x-event', 'push'), {}, meta)).toBe(true);
    expect(holds(header('X-EVENT', /^pu/), {}, meta)).toBe(true);
    expect(holds(header('x-event', 'Push'), {}, meta)).toBe(false);
    expect(holds({ kind: 'header', name: 'X-Event', value: 'push' }, {}, meta)).toBe(true);
  });

  it('header without a value wants the header to be there', () => {
    expect(holds(header('x-event'), {}, { headers: { 'x-event': '' } })).toBe(true);
    expect(holds(header('x-event'), {}, { headers: { 'x-event': undefined } })).toBe(false);
    expect(holds(header('x-event'), {})).toBe(false);
    expect(holds(header('tostring'), {}, { headers: {} })).toBe(false);
  });

  it('header takes any of several values', () => {
    const meta = { headers: { accept: ['text', 'json'] } };
    expect(holds(header('accept', 'json'), {}, meta)).toBe(true);
    expect(holds(header('accept', 'xml'), {}, meta)).toBe(false);
  });

  it('and, or and not combine, with the usual meaning for no parts', () => {
    expect(holds(and(), {})).toBe(true);
    expect(holds(or(), {})).toBe(false);
    expect(holds(and(hasFields('a'), not(hasFields('b'))), { a: 1 })).toBe(true);
    expect(holds(and(hasFields('a'), not(hasFields('b'))), { a: 1, b: 1 })).toBe(false);
    expect(holds(or(hasFields('a'), hasFields('b')), { b: 1 })).toBe(true);
  });

  it('a function is asked with the view and what the transport knows', () => {
    const asked: Discriminator = (view, meta) => view.hasField('a') && meta.transport === 'http';
    expect(holds(asked, { a: 1 }, { transport: 'http' })).toBe(true);
    expect(holds(asked, { a: 1 })).toBe(false);
  });
});
