import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { CODE_SUBPATHS, manifest, sourceOfSubpath } from './package-manifest.js';
import { PUBLIC_EXPORTS, SUBPATH_EXPORTS } from './public-exports.js';
import { PUBLIC_NOTIFICATIONS } from './public-notifications.js';
import { ROOT, sourceFiles, textOf } from './source-files.js';

describe('public exports', () => {
  it('has a public index, lib/index.ts', () => {
    expect(existsSync(path.join(ROOT, 'lib/index.ts'))).toBe(true);
  });

  it('exports from lib/index.ts exactly the runtime names listed in public-exports.ts and public-notifications.ts', async () => {
    const index: object = await import('../../lib/index.js');
    expect(Object.keys(index).toSorted()).toEqual([...PUBLIC_EXPORTS, ...PUBLIC_NOTIFICATIONS].toSorted());
  });

  it('lists each public name once and in alphabetical order', () => {
    for (const names of [PUBLIC_EXPORTS, PUBLIC_NOTIFICATIONS, ...Object.values(SUBPATH_EXPORTS)]) {
      expect([...names]).toEqual([...new Set(names)].toSorted());
    }
  });

  it('has no `export *` in lib but in lib/index.ts, which is made of its parts', () => {
    const starred = sourceFiles('lib').filter((source) => source.hasExportAll);
    expect(starred.map(({ file }) => file)).toEqual(['lib/index.ts']);
    const targets = textOf('lib/index.ts').match(/(?<=export \* from ').*(?=')/g) ?? [];
    expect(targets.filter((target) => !/^\.\/exports\/[a-z-]+\.js$/.test(target))).toEqual([]);
  });
});

describe('subpaths of the package', () => {
  const subpaths = CODE_SUBPATHS.filter((subpath) => subpath !== '.');

  it('are one for each folder of lib/integrations, and ./testing', () => {
    const integrations = readdirSync(path.join(ROOT, 'lib/integrations')).map((folder) => `./${folder}`);
    expect(subpaths.toSorted()).toEqual([...integrations, './testing'].toSorted());
  });

  it('answer import and require with one compiled file, which has its types beside it', () => {
    for (const subpath of CODE_SUBPATHS) {
      const compiled = sourceOfSubpath(subpath)
        .replace(/^lib\//, './dist/')
        .replace(/\.ts$/, '');
      const [js, types] = [`${compiled}.js`, `${compiled}.d.ts`];
      expect(manifest.exports[subpath]).toEqual({ types, import: js, require: js, default: js });
    }
  });

  it('name the types first: a tool takes the first condition that it knows', () => {
    for (const subpath of CODE_SUBPATHS) expect(Object.keys(Object(manifest.exports[subpath]))[0]).toBe('types');
  });

  it.each(subpaths)('export from %s exactly the runtime names listed in public-exports.ts', async (subpath) => {
    const index = (await import(path.join(ROOT, sourceOfSubpath(subpath)))) as object;
    expect(Object.keys(index).toSorted()).toEqual(SUBPATH_EXPORTS[subpath]);
  });
});
