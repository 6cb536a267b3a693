import { textOf } from './source-files.js';

/** What the rules ask of package.json. */
interface PackageManifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly bin: Readonly<Record<'nestjs-dispatch', string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** The project's own package.json. */
// The file is ours, and a field that is missing fails the rule that reads it.
export const manifest = JSON.parse(textOf('package.json')) as PackageManifest;

/** `@scope/name/sub` -> `@scope/name`, `name/sub` -> `name`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Where the source of a subpath begins, as `'./bullmq'` -> `lib/integrations/bullmq/index.ts`. */
export function sourceOfSubpath(subpath: string): string {
  if (subpath === '.') return 'lib/index.ts';
  const folder = subpath.slice('./'.length);
  return folder === 'testing' ? 'lib/testing/index.ts' : `lib/integrations/${folder}/index.ts`;
}

/** What package.json exports as code. */
export const CODE_SUBPATHS: readonly string[] = Object.keys(manifest.exports).filter(
  (subpath) => subpath !== './package.json',
);
