import { describe, expect, it } from '@jest/globals';

import { manifest, packageOf } from './package-manifest.js';
import { sourceFiles, type ImportEdge } from './source-files.js';

/** What lib may import by declaration: packages that are always installed beside it. */
const ALWAYS = ['@nestjs/common', '@nestjs/core', '@standard-schema/spec', 'cron-parser', 'reflect-metadata', 'rxjs'];
/** What lib may only load when a message needs it, by `import()` or `importOptionalPeer()`: it may be absent. */
const OPTIONAL = ['class-transformer', 'class-validator'];
/**
 * The peers of each integration. The first is what it is made for, which whoever imports it has installed; of the others a
 * user may have none, so they are loaded by `import()` when they are needed, and named in types only.
 */
const INTEGRATIONS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  bullmq: ['bullmq', 'ioredis', 'pg'],
  postgres: ['pg'],
  redis: ['ioredis'],
};

/** All of them, those that several integrations have once. */
const INTEGRATION_PEERS = [...new Set(Object.values(INTEGRATIONS).flat())];

/** The files that pass on to `import()` what their caller names: an optional peer, and the file that the command line is given. */
const COMPUTING_FILES: ReadonlySet<string> = new Set([
  'lib/common/optional-peer.ts',
  'lib/cli/application/root-module.ts',
]);
const sources = sourceFiles('lib');
const foreign = sources.flatMap(({ file, imports }) =>
  imports.filter(({ specifier }) => !/^(\.|node:)/.test(specifier)).map((edge) => ({ file, ...edge })),
);
const inCore = foreign.filter((edge) => integrationOf(edge.file) === undefined && !isOwnSubpath(edge));
const inIntegrations = foreign.filter(({ file }) => integrationOf(file) !== undefined);

/** The integration a file belongs to; undefined for one of the core, or of lib/testing. */
function integrationOf(file: string): string | undefined {
  return /^lib\/integrations\/([^/]+)\//.exec(file)?.[1];
}

/** The command line alone stands above the integrations, and asks for one only by `import()`, when a command needs it. */
function isOwnSubpath({ file, specifier, kind }: ImportEdge & { readonly file: string }): boolean {
  return file.startsWith('lib/cli/') && kind === 'dynamic' && specifier.startsWith(`${manifest.name}/`);
}

function peersOf(file: string): readonly string[] {
  return INTEGRATIONS[integrationOf(file) ?? ''] ?? [];
}

function show({ file, specifier, kind }: ImportEdge & { readonly file: string }): string {
  return `${file}: ${kind} import of ${specifier}`;
}

describe('packages that the core imports', () => {
  it('are no others than the required peers, the dependencies and the optional peers', () => {
    const named = inCore.filter(({ kind }) => kind !== 'computed');
    const wrong = named.filter(({ specifier }) => ![...ALWAYS, ...OPTIONAL].includes(packageOf(specifier)));
    expect(wrong.map((edge) => show(edge))).toEqual([]);
  });

  it('are loaded only by import() where they are optional, and are then named in no type', () => {
    const wrong = inCore.filter(({ specifier, kind }) => OPTIONAL.includes(packageOf(specifier)) && kind !== 'dynamic');
    expect(wrong.map((edge) => show(edge))).toEqual([]);
  });

  it('are none in common', () => {
    const wrong = inCore.filter(({ file, kind }) => file.startsWith('lib/common/') && kind !== 'computed');
    expect(wrong.map((edge) => show(edge))).toEqual([]);
  });

  it('are @standard-schema/spec for its types only', () => {
    const wrong = sources.filter(({ text }) => /^(import|export) (?!type ).*'@standard-schema\/spec'/m.test(text));
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });
});

describe('packages that integrations import', () => {
  it('are those of the integration alone', () => {
    const wrong = inIntegrations.filter(({ file, specifier }) => !peersOf(file).includes(packageOf(specifier)));
    expect(wrong.map((edge) => show(edge))).toEqual([]);
  });

  it('are loaded only by import(), or named as a type, but for the one that the integration is made for', () => {
    const wrong = sources.filter(({ file, text }) => {
      const rest = peersOf(file).slice(1).join('|');
      return rest !== '' && new RegExp(`^(import|export) (?!type )[^;]*'(${rest})(/[^']*)?'`, 'm').test(text);
    });
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });

  it('are optional peers of the package, every one of them used', () => {
    const used = new Set(inIntegrations.map(({ specifier }) => packageOf(specifier)));
    expect(INTEGRATION_PEERS.toSorted()).toEqual([...used].toSorted());
  });
});

describe('what package.json asks for', () => {
  it('is exactly what lib imports, what may be absent marked as optional', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = manifest;
    const all = [...ALWAYS, ...OPTIONAL, ...INTEGRATION_PEERS];
    expect(Object.keys({ ...dependencies, ...peerDependencies }).toSorted()).toEqual(all.toSorted());
    const optional = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional === true);
    expect(optional.toSorted()).toEqual([...OPTIONAL, ...INTEGRATION_PEERS].toSorted());
  });

  it('can be seen in literals: no import is computed but in the places that are made for it', () => {
    const computed = foreign.filter(({ file, kind }) => kind === 'computed' && !COMPUTING_FILES.has(file));
    expect(computed.map((edge) => show(edge))).toEqual([]);
  });
});
