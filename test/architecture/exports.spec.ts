import { existsSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { PUBLIC_EXPORTS } from './public-exports.js';
import { ROOT, sourceFiles } from './source-files.js';

describe('public exports', () => {
  it('has a public index, lib/index.ts', () => {
    expect(existsSync(path.join(ROOT, 'lib/index.ts'))).toBe(true);
  });

  it('exports from lib/index.ts exactly the runtime names listed in public-exports.ts', async () => {
    const index: object = await import('../../lib/index.js');
    expect(Object.keys(index).toSorted()).toEqual([...PUBLIC_EXPORTS]);
  });

  it('lists each public name once and in alphabetical order', () => {
    expect([...PUBLIC_EXPORTS]).toEqual([...new Set(PUBLIC_EXPORTS)].toSorted());
  });

  it('has no `export *` in lib', () => {
    const wrong = sourceFiles('lib').filter((source) => source.hasExportAll);
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });
});
