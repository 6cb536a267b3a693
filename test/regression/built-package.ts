import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** The package as an application would find it: compiled, in a folder of its own, beside nothing that was built before. */
export class BuiltPackage {
  private readonly folder: string;

  constructor() {
    mkdirSync(path.join(root, '.cache'), { recursive: true });
    this.folder = mkdtempSync(path.join(root, '.cache/package-'));
    // A package of its own: inside this one, its name would lead to whatever was built in its place before.
    writeFileSync(path.join(this.folder, 'package.json'), '{ "private": true }');
    const home = path.join(this.folder, 'node_modules/nestjs-dispatch');
    mkdirSync(home, { recursive: true });
    cpSync(path.join(root, 'package.json'), path.join(home, 'package.json'));
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const compiled = run([tsc, '-p', path.join(root, 'lib'), '--outDir', path.join(home, 'dist')], this.folder);
    if (compiled.status !== 0) throw new Error(`lib does not compile:\n${compiled.stdout}`);
  }

  /** Writes files and runs the first of them with Node. */
  run(files: Readonly<Record<string, string>>): SpawnSyncReturns<string> {
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(this.folder, name), text);
    const [entry = ''] = Object.keys(files);
    return run(['--disable-warning=ExperimentalWarning', path.join(this.folder, entry)], this.folder);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  // A process that does not end by itself is a failure, not a wait for ever.
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 30_000, killSignal: 'SIGKILL' });
}
