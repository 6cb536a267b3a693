import path from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { findCycles } from './find-cycles.js';
import { sourceFiles, type SourceFile } from './source-files.js';

/** The layer table: what each folder of lib may import beside `message` and `common`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  notifications: [],
  handlers: [],
  transactions: ['handlers'],
  failures: ['notifications'],
  pipeline: ['handlers', 'failures', 'notifications', 'transactions'],
  'run-modes': ['pipeline', 'failures', 'notifications', 'transactions'],
  dispatcher: ['run-modes', 'handlers', 'notifications', 'transactions'],
  router: ['dispatcher', 'notifications'],
  transports: ['router', 'failures', 'notifications'],
  buses: ['dispatcher'],
  topics: ['buses', 'transports', 'handlers', 'failures', 'notifications'],
  events: ['buses', 'transports', 'handlers', 'notifications'],
  'event-store': ['events', 'notifications', 'transactions'],
  sagas: ['buses', 'events', 'handlers', 'failures', 'notifications'],
  projections: ['event-store', 'events', 'handlers', 'failures', 'notifications', 'transactions'],
  streams: ['events', 'topics', 'notifications'],
  operations: ['run-modes', 'pipeline', 'failures', 'handlers', 'notifications'],
};
const STAGES = Object.keys(MAY_IMPORT);
const ROOT_FILES = '(root files)';
/** Folders that hold parts of root files. */
const ROOT_FOLDERS: ReadonlySet<string> = new Set(['exports', 'wiring']);
const PUBLIC_INDEX = 'lib/index.ts';
/** The command line: a program on top of everything, which nothing imports. */
const CLI = 'cli';

/** The layer of a file: its folder in lib, `integrations/x` for an integration, or the root files. */
function layerOf(file: string): string {
  const [, folder = '', inner = ''] = file.split('/');
  if (folder.endsWith('.ts') || ROOT_FOLDERS.has(folder)) return ROOT_FILES;
  return folder === 'integrations' ? `integrations/${inner}` : folder;
}

function allowedFor(layer: string): readonly string[] | undefined {
  if (layer === 'common') return [];
  if (layer === 'message') return ['common'];
  if (layer === CLI) return [...STAGES, ROOT_FILES, 'message', 'common'];
  if (layer === 'testing' || layer === ROOT_FILES) return [...STAGES, 'message', 'common'];
  if (layer.startsWith('integrations/')) return [];
  const stages = MAY_IMPORT[layer];
  return stages && [...stages, 'message', 'common'];
}

function mayImport(from: string, to: string): boolean {
  const layer = layerOf(from);
  if (layer.startsWith('integrations/') && to === PUBLIC_INDEX) return true;
  return layerOf(to) === layer || (allowedFor(layer)?.includes(layerOf(to)) ?? false);
}

function localImportsOf(source: SourceFile): string[] {
  const specifiers = source.imports.map((edge) => edge.specifier).filter((specifier) => specifier.startsWith('.'));
  const targets = specifiers.map((specifier) => path.posix.join(path.posix.dirname(source.file), specifier));
  return [...new Set(targets.map((target) => target.replace(/\.js$/, '.ts')))];
}

const files = sourceFiles('lib');
const graph = new Map(files.map((source) => [source.file, localImportsOf(source)]));
const edges = [...graph].flatMap(([from, targets]) => targets.map((to) => ({ from, to })));

describe('layers of lib', () => {
  it('has no folder that the layer table does not name', () => {
    const unknown = files.filter(({ file }) => allowedFor(layerOf(file)) === undefined);
    expect(unknown.map(({ file }) => file)).toEqual([]);
  });

  it('has no import against the layer table', () => {
    const wrong = edges.filter(({ from, to }) => !mayImport(from, to));
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('imports only files that exist, each by its name with the ending .js', () => {
    const dangling = edges.filter(({ to }) => !graph.has(to));
    expect(dangling.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('never imports the index of its own folder, nor the public index from inside the core', () => {
    const wrong = edges.filter(({ from, to }) => path.basename(to) === 'index.ts' && layerOf(from) === layerOf(to));
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('has no cycle of imports between files, type-only imports included', () => {
    expect(findCycles(graph).map((cycle) => cycle.join(' -> '))).toEqual([]);
  });
});
