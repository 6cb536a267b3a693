import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

// Compilers and processes are started, on a machine that may be busy.
jest.setTimeout(60_000);

const root = path.resolve(import.meta.dirname, '../../..');
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
let folder: string;

beforeAll(async () => {
  await mkdir(path.join(root, '.cache'), { recursive: true });
  folder = await mkdtemp(path.join(root, '.cache/moved-'));
  const tsconfig = { extends: '../../tsconfig.json', include: ['.'] };
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  await cp(import.meta.dirname, folder, { recursive: true, filter: (file) => !file.endsWith('.spec.ts') });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await changeImportLine(path.join(entry.parentPath, entry.name));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function changeImportLine(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replaceAll(`from '@nestjs/cqrs';`, `from 'nestjs-dispatch';`));
}

/** What the compiler complains of; empty where the application compiles. */
async function complaints(): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, [tsc, '-p', folder]);
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

describe('the types of the application', () => {
  it('are refused by the compiler where it imports what is not there', async () => {
    const file = path.join(folder, 'missing.ts');
    await writeFile(file, `import { Publishable } from 'nestjs-dispatch';\n\nPublishable();\n`);
    expect(await complaints()).toContain(`no exported member 'Publishable'`);
    await rm(file);
  });

  it('are accepted by the compiler after nothing but its import line has changed', async () => {
    const texts = await Promise.all(
      (await readdir(path.join(folder, 'app'))).map((name) => readFile(path.join(folder, 'app', name), 'utf8')),
    );
    expect(texts.filter((text) => text.includes(`from 'nestjs-dispatch';`)).length).toBeGreaterThan(5);
    expect(texts.filter((text) => text.includes('@nestjs/cqrs'))).toEqual([]);
    expect(await complaints()).toBe('');
  });
});
