import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, it } from '@jest/globals';

/**
 * The fixtures are compiled by the real compiler. A line below `// @expect TS2322` must have that error, and no other line
 * may have any.
 */
const FOLDER = path.join(import.meta.dirname, 'fixtures');
const COMPILER = path.join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
const fixtures = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'));

/** One error, with its line in a file. */
interface Finding {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

const findings: Finding[] = [];

beforeAll(async () => {
  const output = await compile();
  for (const text of output.split('\n').filter((line) => line.includes('error TS'))) {
    const match = /([\w-]+\.ts)\((\d+),\d+\): error (TS\d+)/.exec(text);
    findings.push({ file: match?.[1] ?? text, line: Number(match?.[2]), code: match?.[3] ?? '' });
  }
});

/** What the compiler prints; it ends with a code other than 0, since there are errors on purpose. */
async function compile(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [COMPILER, '-p', FOLDER, '--pretty', 'false']);
    return stdout;
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

function expectedIn(file: string): string[] {
  const lines = readFileSync(path.join(FOLDER, file), 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const code = /@expect (TS\d+)/.exec(line)?.[1];
    return code === undefined ? [] : [`${index + 2}: ${code}`];
  });
}

describe('the types of the package', () => {
  it.each(fixtures)('refuse what %s marks as wrong, and take everything else', (file) => {
    const found = findings.filter((finding) => finding.file === file);
    const expected = expectedIn(file);
    expect(expected.length).toBeGreaterThan(0);
    expect(found.map(({ line, code }) => `${line}: ${code}`)).toEqual(expected);
  });

  it('have no error outside the fixtures', () => {
    expect(findings.filter(({ file }) => !fixtures.includes(file))).toEqual([]);
  });
});
