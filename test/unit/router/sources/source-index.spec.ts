import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

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
import { SourceIndex } from '../../../../lib/router/sources/source-index.js';
import { defineSource, type SourceEntry } from '../../../../lib/router/sources/source.js';
import { viewOf, type View } from '../../../../lib/router/sources/view.js';
import { propertyRuns } from '../../property-runs.js';

function entriesOf(discriminators: readonly Discriminator[]): SourceEntry[] {
  return discriminators.map((match, position) =>
    defineSource({ name: String(position), match, parse: () => ({ key: 'any', payload: undefined }) }),
  );
}

const names = ['a', 'b', 'c', 'd', '0', ...Array.from({ length: 20 }, (_, at) => `f${at}`)];
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((segments) => segments.join('.'));
const scalar = fc.constantFrom<string | number | boolean | null>('x', 'y', '1', 1, 0, -0, true, null);
const pattern = fc.constantFrom(/x/, /y/g, /^1$/y, /./);

const { discriminator } = fc.letrec<{ discriminator: Discriminator }>((tie) => ({
  discriminator: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.array(path, { maxLength: 2 }).map((paths) => hasFields(...paths)),
    fc.tuple(path, scalar).map(([at, value]) => fieldEquals(at, value)),
    fc.tuple(path, pattern).map(([at, regexp]) => fieldMatches(at, regexp)),
    fc
      .tuple(
        fc.constantFrom('H', 'i', 'j', 'K', 'l', 'm'),
        fc.option(fc.oneof(fc.constantFrom('x', 'y'), pattern), { nil: undefined }),
      )
      .map(([name, value]) => header(name, value)),
    path.map(
      (at): Discriminator =>
        (view) =>
          view.hasField(at),
    ),
    fc.array(tie('discriminator'), { maxLength: 3 }).map((parts) => and(...parts)),
    fc.array(tie('discriminator'), { maxLength: 3 }).map((parts) => or(...parts)),
    tie('discriminator').map((part) => not(part)),
  ),
}));

const { message } = fc.letrec<{ message: unknown }>((tie) => ({
  message: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.dictionary(fc.constantFrom(...names), tie('message'), { maxKeys: 6 }),
    fc.array(tie('message'), { maxLength: 2 }),
  ),
}));

const value = fc.oneof(fc.constantFrom('x', 'y', ''), fc.array(fc.constantFrom('x', 'z'), { maxLength: 2 }));
const headers = fc.dictionary(
  fc.constantFrom('h', 'H', 'i', 'I', 'j', 'k', 'L', 'm'),
  fc.option(value, { nil: undefined }),
);

describe('SourceIndex', () => {
  it.each([
    ['views that list their keys', (plain: unknown): View => viewOf(plain)],
    ['views that do not', (plain: unknown): View => withoutKeys(viewOf(plain))],
  ])('finds what asking source by source finds, with %s', (_title, toView) => {
    fc.assert(
      fc.property(fc.array(discriminator, { maxLength: 70 }), message, headers, (all, plain, given) => {
        const entries = entriesOf(all);
        const view = toView(plain);
        const expected = entries.find(({ options }) => matches(options.match, view, { headers: given }));
        expect(new SourceIndex(entries).find(view, { headers: given })?.options.name).toBe(expected?.options.name);
      }),
      propertyRuns(400),
    );
  });

  it('takes the first registered of several matching sources, however they are filed', () => {
    const entries = entriesOf([not(hasFields('z')), fieldEquals('a', 1), hasFields('a'), and()]);
    expect(new SourceIndex(entries).find(viewOf({ a: 1 }), {})?.options.name).toBe('0');
    expect(new SourceIndex(entries).find(viewOf({ a: 1, z: 1 }), {})?.options.name).toBe('1');
    expect(new SourceIndex(entries).find(viewOf({ z: 1 }), {})?.options.name).toBe('3');
  });

  it('asks no source that is filed under something the message does not show', () => {
    let asked = 0;
    const spy: Discriminator = () => (asked++, false);
    const entries = entriesOf(Array.from({ length: 100 }, (_, at) => and(fieldEquals('type', `t${at}`), spy)));
    new SourceIndex(entries).find(viewOf({ type: 't42' }), {});
    expect(asked).toBe(1);
  });

  it('takes a discriminator function that throws for one that does not hold, and names its source', () => {
    const index = new SourceIndex(entriesOf([(view) => (view.value as { a: { b: boolean } }).a.b, hasFields('z')]));
    const faults: unknown[] = [];
    expect(index.find(viewOf({ z: 1 }), {}, faults)?.options.name).toBe('1');
    expect(faults).toEqual([expect.objectContaining({ message: expect.stringContaining('source "0"') })]);
    expect(index.find(viewOf({ a: { b: true } }), {})?.options.name).toBe('0');
  });
});

function withoutKeys(view: View): View {
  return {
    value: view.value,
    hasField: (at) => view.hasField(at),
    get: (at) => view.get(at),
    getString: (at) => view.getString(at),
    getBytes: (at) => view.getBytes(at),
  };
}
