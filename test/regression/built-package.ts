import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { manifest } from '../architecture/package-manifest.js';

const root = path.resolve(import.meta.dirname, '../..');

const COMMAND_TIMEOUT_MS = 30_000;

/** What a command is run with. */
export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How a command ended; without an exit code where it had to be killed. */
export interface CommandOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

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
    // Types are checked elsewhere, and nothing here reads them.
    const args = ['--noCheck', '--declaration', 'false', '--declarationMap', 'false'];
    const compiled = run(
      [tsc, '-p', path.join(root, 'lib'), '--outDir', path.join(home, 'dist'), ...args],
      this.folder,
    );
    if (compiled.status !== 0) throw new Error(`lib does not compile:\n${compiled.stdout}`);
    // As npm installs it.
    const program = path.join(home, manifest.bin['nestjs-dispatch']);
    chmodSync(program, 0o755);
    mkdirSync(path.join(this.folder, 'node_modules/.bin'));
    symlinkSync(program, this.program);
  }

  private get program(): string {
    return path.join(this.folder, 'node_modules/.bin/nestjs-dispatch');
  }

  /** Writes files beside the package, as those of an application that has it installed. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(this.folder, name), content);
  }

  /** Runs the command line of the package in a process of its own, as `npx nestjs-dispatch` does. */
  async command(args: readonly string[], { input = '', env = {} }: CommandOptions = {}): Promise<CommandOutcome> {
    const child = spawn(this.program, args, {
      cwd: this.folder,
      env: { ...process.env, ...env },
      timeout: COMMAND_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    child.stdin.end(input);
    const ended = once(child, 'close') as Promise<[number | null]>;
    const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { exitCode, stdout, stderr };
  }

  /** Writes files and runs the first of them with Node. */
  run(files: Readonly<Record<string, string>>): SpawnSyncReturns<string> {
    this.write(files);
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
