import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { CODE_SUBPATHS, packageOf, sourceOfSubpath } from './package-manifest.js';
import { ROOT } from './source-files.js';

// A compiler is started, on a machine that may be busy.
jest.setTimeout(60_000);

/** What every user of a subpath has installed. Of all others the types must not speak: they would be `any`, or an error. */
const CORE = ['@nestjs/common', '@nestjs/core', '@standard-schema/spec', 'reflect-metadata', 'rxjs'];
const INSTALLED: Readonly<Record<string, readonly string[]>> = {
  './bullmq': ['bullmq'],
  './postgres': ['pg'],
  './redis': ['ioredis'],
};
const IMPORT = /(?:from|import\() ?['"]([^'"]+)['"]/g;

describe('declarations of the package', () => {
  let folder = '';

  beforeAll(async () => {
    await mkdir(path.join(ROOT, '.cache'), { recursive: true });
    folder = await mkdtemp(path.join(ROOT, '.cache/declarations-'));
    const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const args = ['-p', path.join(ROOT, 'lib'), '--emitDeclarationOnly', '--noCheck', '--outDir', folder];
    await promisify(execFile)(process.execPath, [compiler, ...args]);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it.each(CODE_SUBPATHS)('of %s name no package that its user may not have', async (subpath) => {
    const entry = path.join(
      folder,
      sourceOfSubpath(subpath)
        .replace(/^lib\//, '')
        .replace(/\.ts$/, '.d.ts'),
    );
    expect(existsSync(entry)).toBe(true);
    const allowed = new Set([...CORE, ...(INSTALLED[subpath] ?? [])]);
    const named = [...(await packagesOf(entry))].map((specifier) => packageOf(specifier));
    expect(named.filter((name) => !name.startsWith('node:') && !allowed.has(name))).toEqual([]);
  });
});

/** The packages that a declaration file names, itself or in what it imports. */
async function packagesOf(entry: string): Promise<ReadonlySet<string>> {
  const packages = new Set<string>();
  const seen = new Set([entry]);
  for (const file of seen) {
    const text = await readFile(file, 'utf8');
    for (const [, specifier = ''] of text.matchAll(IMPORT)) {
      if (!specifier.startsWith('.')) packages.add(specifier);
      else seen.add(path.resolve(path.dirname(file), specifier).replace(/\.js$/, '.d.ts'));
    }
  }
  return packages;
}
