import path from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { filesBelow, lineCountOf, textOf } from './source-files.js';

const MAX_LINES = 300;
const MAX_LINES_P90 = 200;
const MAX_FILES_PER_FOLDER = 12;

const lib = filesBelow('lib').map((file) => ({ file, lines: lineCountOf(textOf(file)) }));
const test = filesBelow('test').map((file) => ({ file, lines: lineCountOf(textOf(file)) }));

describe('length of files', () => {
  it(`has no file in lib or test over ${MAX_LINES} lines`, () => {
    const long = [...lib, ...test].filter(({ lines }) => lines > MAX_LINES);
    expect(long.map(({ file, lines }) => `${file}: ${lines} lines`)).toEqual([]);
  });

  it(`keeps nine of ten files in lib within ${MAX_LINES_P90} lines`, () => {
    const lengths = lib.map(({ lines }) => lines).toSorted((a, b) => a - b);
    const p90 = lengths[Math.ceil(lengths.length * 0.9) - 1];
    expect(p90).toBeLessThanOrEqual(MAX_LINES_P90);
  });

  it(`has no folder in lib with more than ${MAX_FILES_PER_FOLDER} files`, () => {
    const counts = new Map<string, number>();
    for (const folder of lib.map(({ file }) => path.posix.dirname(file))) {
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    const full = [...counts].filter(([, count]) => count > MAX_FILES_PER_FOLDER);
    expect(full.map(([folder, count]) => `${folder}: ${count} files`)).toEqual([]);
  });
});
