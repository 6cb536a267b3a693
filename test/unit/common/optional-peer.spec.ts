import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { importOptionalPeer } from '../../../lib/common/optional-peer.js';

describe('importOptionalPeer', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'optional-peer-'));
    await mkdir(join(folder, 'lacks'));
    await writeFile(join(folder, 'lacks', 'index.mjs'), `import 'some-missing-dependency';\n`);
    await writeFile(join(folder, 'lacks', 'throws.mjs'), `throw new RangeError('broken at load');\n`);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('gives undefined for a package that is not installed', async () => {
    await expect(importOptionalPeer('no-such-package-at-all')).resolves.toBeUndefined();
    await expect(importOptionalPeer('@no-such/package/deep/file.js')).resolves.toBeUndefined();
  });

  it('gives undefined for a file that an installed package does not have', async () => {
    await expect(importOptionalPeer('class-validator/cjs/no-such-file.js')).resolves.toBeUndefined();
  });

  it('rejects where the module lacks a dependency of its own', async () => {
    await expect(importOptionalPeer(join(folder, 'lacks', 'index.mjs'))).rejects.toThrow(/some-missing-dependency/);
  });

  it('rejects with what the module throws', async () => {
    await expect(importOptionalPeer(join(folder, 'lacks', 'throws.mjs'))).rejects.toThrow('broken at load');
  });

  it('gives the module of an installed package', async () => {
    await expect(importOptionalPeer('class-validator')).resolves.toHaveProperty('validateSync');
  });
});
