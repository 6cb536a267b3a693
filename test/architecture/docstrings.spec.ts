import { describe, expect, it } from '@jest/globals';

import { undocumentedExports } from './docstrings.js';

describe('undocumentedExports', () => {
  it('reports a declaration under another one that has a docstring', () => {
    expect(undocumentedExports('/** A. */\nexport type A = 1;\nexport type B = 2;')).toEqual(['B']);
  });

  it('reports a declaration under a plain comment', () => {
    expect(undocumentedExports('/* A. */\nexport class A {}\n// B\nexport abstract class B {}')).toEqual(['A', 'B']);
  });

  it('accepts a docstring above a decorator of several lines', () => {
    const text = '/**\n * A.\n */\n@Module({\n  providers: [],\n})\nexport class A {}';
    expect(undocumentedExports(text)).toEqual([]);
  });

  it('accepts overloads of which one has a docstring', () => {
    const text = '/** F. */\nexport function f(): void;\nexport function f(x: 1): void;\nexport async function f() {}';
    expect(undocumentedExports(text)).toEqual([]);
  });
});
