import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import 'reflect-metadata';

import type { DynamicModule, Type } from '@nestjs/common';

import { describeKind, isOptionsObject } from '../../common/describe-value.js';
import { errorText } from '../../common/dispatch-error.js';
import { ApplicationNotLoadedError } from '../errors.js';

/** What Nest makes an application of. */
export type RootModule = Type | DynamicModule;

/** Which module it is. */
export interface RootModuleChoice {
  /** The compiled file, from the current folder. */
  readonly file: string;
  /** The export of the file; left out, its default export or the one export that is a module. */
  readonly module?: string | undefined;
}

/** The keys of what `@Module` writes on a class. */
const MODULE_KEYS = ['imports', 'controllers', 'providers', 'exports'];

/**
 * Imports the file, ESM or CommonJS, and finds the module in it.
 *
 * @throws DISPATCH_APPLICATION_NOT_LOADED where there is no such file, it fails as it is loaded, or it exports no module,
 * several, or not the one asked for
 */
export async function loadRootModule({ file, module: name }: RootModuleChoice): Promise<RootModule> {
  const exported = exportsOf(await importFile(file));
  if (name !== undefined) return named(name, exported, file);
  const main = exported.get('default');
  if (isModule(main)) return main;
  const modules = [...exported].filter((entry): entry is [string, RootModule] => isModule(entry[1]));
  const [first, ...others] = modules;
  if (first === undefined) {
    const list = [...exported.keys()].join(', ') || 'nothing';
    throw new ApplicationNotLoadedError(`${file} exports no class with @Module: it exports ${list}.`);
  }
  if (others.length === 0) return first[1];
  const names = modules.map(([each]) => each).join(', ');
  throw new ApplicationNotLoadedError(`${file} exports several modules: say which with --module, one of ${names}.`);
}

async function importFile(file: string): Promise<object> {
  const whole = path.resolve(file);
  if (!existsSync(whole)) {
    throw new ApplicationNotLoadedError(`There is no file ${whole}: give --app the compiled root module; build first.`);
  }
  try {
    return (await import(pathToFileURL(whole).href)) as object;
  } catch (error) {
    const advice = /\.[cm]?tsx?$/.test(file) ? ' Give the compiled file: Node cannot run decorators as they are.' : '';
    const text = `${file} cannot be loaded: ${errorText(error)}.${advice}`;
    throw new ApplicationNotLoadedError(text, { cause: error });
  }
}

/** The exports by name. Those of a CommonJS file may be seen by Node only as one default. */
function exportsOf(namespace: object): ReadonlyMap<string, unknown> {
  const main: unknown = Reflect.get(namespace, 'default');
  const inner = isOptionsObject(main) && !isModule(main) ? Object.entries(main) : [];
  const own = Object.entries(namespace).filter(([name]) => name !== 'module.exports' && name !== '__esModule');
  const outer = inner.length === 0 ? own : own.filter(([name]) => name !== 'default');
  return new Map([...inner.filter(([name]) => name !== '__esModule'), ...outer]);
}

function named(name: string, exported: ReadonlyMap<string, unknown>, file: string): RootModule {
  const found = exported.get(name);
  if (isModule(found)) return found;
  const list = [...exported.keys()].join(', ') || 'nothing';
  const what = exported.has(name) ? `its ${name} is ${describeKind(found)} without @Module` : `it exports ${list}`;
  throw new ApplicationNotLoadedError(`${file} exports no module ${name}: ${what}.`);
}

function isModule(value: unknown): value is RootModule {
  if (typeof value === 'function') return MODULE_KEYS.some((key) => Reflect.hasOwnMetadata(key, value));
  return isOptionsObject(value) && typeof Reflect.get(value, 'module') === 'function';
}
