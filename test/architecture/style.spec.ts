import { describe, expect, it } from '@jest/globals';

import { undocumentedExports } from './docstrings.js';
import { filesBelow, sourceFiles, textOf, type DerivedClass } from './source-files.js';

const lib = sourceFiles('lib');
const specs = filesBelow('test').filter((file) => /^test\/(?!architecture\/).*\.spec\.ts$/.test(file));
const errors = dispatchErrors(lib.flatMap(({ classes }) => classes));
const codes = errors.flatMap(({ code }) => code ?? []);

/** The classes that extend DispatchError, directly or through another one. */
function dispatchErrors(classes: readonly DerivedClass[]): DerivedClass[] {
  const bases = new Set(['DispatchError']);
  const found = new Set<DerivedClass>();
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const derived of classes.filter(({ base }) => bases.has(base))) {
      found.add(derived);
      bases.add(derived.name);
    }
  }
  return [...found];
}

describe('style of the sources', () => {
  it('has no default export', () => {
    const wrong = [...lib, ...sourceFiles('test')].filter((source) => source.hasDefaultExport);
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });

  it('has a docstring on every exported declaration of lib', () => {
    expect(lib.flatMap(({ file, text }) => undocumentedExports(text).map((name) => `${file}: ${name}`))).toEqual([]);
  });

  it('gives every error class, or the one it extends, a literal code that starts with DISPATCH_', () => {
    const coded = new Set(errors.filter(({ code }) => code !== undefined).map(({ name }) => name));
    const own = errors.filter(({ base, code }) => code !== undefined || !coded.has(base));
    const wrong = own.filter(({ code }) => !/^DISPATCH_[A-Z][A-Z_]*[A-Z]$/.test(code ?? ''));
    expect(wrong.map(({ file, name, code }) => `${file}: ${name} has ${code ?? 'no literal code'}`)).toEqual([]);
  });

  it('gives no two error classes one code', () => {
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it('names every error code in a spec that provokes it', () => {
    const texts = specs.map((file) => textOf(file));
    const unproven = codes.filter((code) => !texts.some((text) => text.includes(code)));
    expect(unproven).toEqual([]);
  });
});
