import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { viewOf } from '../../../../lib/router/sources/view.js';
import { propertyRuns } from '../../property-runs.js';

describe('viewOf', () => {
  const view = viewOf({
    zen: 'calm',
    count: 5,
    none: null,
    commits: [{ author: { name: 'Ada' } }],
    raw: new Uint8Array([1, 2]),
  });

  it('finds fields by dotted path with array indexes', () => {
    expect(view.getString('commits.0.author.name')).toBe('Ada');
    expect(view.hasField('commits.0.author')).toBe(true);
    expect(view.hasField('commits.1')).toBe(false);
  });

  it('counts a null field as present', () => {
    expect(view.hasField('none')).toBe(true);
    expect(view.get('none')).toBeNull();
  });

  it('does not see inherited properties or the length of arrays and strings', () => {
    for (const path of [
      'toString',
      'constructor',
      '__proto__',
      'commits.length',
      'zen.length',
      'zen.0',
      'commits.00',
    ]) {
      expect([path, view.hasField(path)]).toEqual([path, false]);
      expect(view.get(path)).toBeUndefined();
    }
  });

  it('gives text only for strings', () => {
    expect(view.getString('count')).toBeUndefined();
    expect(view.getString('missing')).toBeUndefined();
  });

  it('gives bytes of binary, text and other values', () => {
    const bytesOf = (path: string): number[] => [...(view.getBytes(path) ?? [])];
    expect(bytesOf('raw')).toEqual([1, 2]);
    expect(bytesOf('zen')).toEqual([...Buffer.from('calm')]);
    expect(bytesOf('commits.0')).toEqual([...Buffer.from('{"author":{"name":"Ada"}}')]);
    expect(view.getBytes('missing')).toBeUndefined();
  });

  it('has no fields when the message is a lone number, string or null', () => {
    for (const value of [5, 'text', null]) {
      expect(viewOf(value).hasField('length')).toBe(false);
      expect(viewOf(value).keys?.()).toEqual([]);
    }
  });

  it('lists the first segment of every path that is there', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, path) => {
        const any = viewOf(value);
        fc.pre(any.hasField(path));
        expect(any.keys?.()).toContain(path.split('.')[0]);
      }),
      propertyRuns(),
    );
  });
});
