import { describe, expect, it } from '@jest/globals';

import { sourceFiles, textOf, type ImportEdge } from './source-files.js';

/** What lib may import by declaration: packages that are always installed beside it. */
const ALWAYS = ['@nestjs/common', '@nestjs/core', '@standard-schema/spec', 'reflect-metadata', 'rxjs'];
/** What lib may only load when a message needs it, by `import()` or `importOptionalPeer()`: it may be absent. */
const OPTIONAL = ['class-transformer', 'class-validator'];

interface PackageJson {
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { readonly optional?: boolean }>;
}

/** `@scope/name/sub` -> `@scope/name`, `name/sub` -> `name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const manifest = JSON.parse(textOf('package.json')) as PackageJson;
/** The one file that passes on to `import()` what its caller names. */
const OPTIONAL_PEER_FILE = 'lib/common/optional-peer.ts';
const core = sourceFiles('lib').filter(({ file }) => !file.startsWith('lib/integrations/'));
const foreign = core.flatMap(({ file, imports }) =>
  imports.filter(({ specifier }) => !/^(\.|node:)/.test(specifier)).map((edge) => ({ file, ...edge })),
);

function show({ file, specifier, kind }: ImportEdge & { readonly file: string }): string {
  return `${file}: ${kind} import of ${specifier}`;
}

describe('packages that lib imports', () => {
  it('imports no package but the required peers, the one dependency and the optional peers', () => {
    const named = foreign.filter(({ kind }) => kind !== 'computed');
    const wrong = named.filter(({ specifier }) => ![...ALWAYS, ...OPTIONAL].includes(packageOf(specifier)));
    expect(wrong.map((edge) => show(edge))).toEqual([]);
  });

  it('loads an optional peer only by import(), and names it in no type', () => {
    const wrong = foreign.filter(
      ({ specifier, kind }) => OPTIONAL.includes(packageOf(specifier)) && kind !== 'dynamic',
    );
    expect(wrong.map((edge) => show(edge))).toEqual([]);
  });

  it('names what it imports in a literal, so that these rules can see it', () => {
    const computed = foreign.filter(({ file, kind }) => kind === 'computed' && file !== OPTIONAL_PEER_FILE);
    expect(computed.map((edge) => show(edge))).toEqual([]);
  });

  it('imports only types from @standard-schema/spec', () => {
    const wrong = core.filter(({ text }) => /^(import|export) (?!type ).*'@standard-schema\/spec'/m.test(text));
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });

  it('imports neither Nest nor rxjs in common', () => {
    const wrong = foreign.filter(({ file, kind }) => file.startsWith('lib/common/') && kind !== 'computed');
    expect(wrong.map((edge) => show(edge))).toEqual([]);
  });

  it('has exactly these packages as dependencies and peers, the optional ones marked so', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = manifest;
    expect(Object.keys({ ...dependencies, ...peerDependencies }).toSorted()).toEqual(
      [...ALWAYS, ...OPTIONAL].toSorted(),
    );
    const optional = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional === true);
    expect(optional.toSorted()).toEqual(OPTIONAL);
  });
});
