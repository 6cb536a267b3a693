import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '../..');
const COMPILER = path.join(ROOT, 'node_modules/typescript/bin/tsc');
/** How long a process may take to end after a signal that ends it. */
const END_TIMEOUT_MS = 10_000;

/** What a process is told when it is started, and whatever its program needs beside. */
export interface ProcessConfig {
  readonly name: string;
  /** Of the journal and the log. */
  readonly folder: string;
}

/** Programs that run in processes of their own. */
export class Programs {
  private constructor(
    private readonly folder: string,
    private readonly made: string | undefined,
  ) {}

  /** Compiles the programs of a folder that has a `tsconfig.json`, with the package, to a folder of this run. */
  static async compile(source: string): Promise<Programs> {
    // Inside the project, from where the packages are found.
    mkdirSync(path.join(ROOT, '.cache'), { recursive: true });
    const folder = await mkdtemp(path.join(ROOT, '.cache/programs-'));
    // Types are checked elsewhere.
    const args = [COMPILER, '-p', source, '--noCheck', '--noEmit', 'false', '--outDir', folder];
    await promisify(execFile)(process.execPath, args);
    return new Programs(path.join(folder, path.relative(ROOT, source)), folder);
  }

  /** Programs that are compiled already. */
  static in(folder: string): Programs {
    return new Programs(folder, undefined);
  }

  start(program: string, config: ProcessConfig): ProgramProcess {
    return new ProgramProcess(this.pathOf(program), config);
  }

  /** The file of a program, for who starts it by other means. */
  pathOf(program: string): string {
    return path.join(this.folder, `${program}.js`);
  }

  /** Removes what was compiled. */
  async remove(): Promise<void> {
    if (this.made !== undefined) await rm(this.made, { recursive: true, force: true });
  }
}

/** A program in a process of its own. It ends when this process does. */
export class ProgramProcess {
  readonly name: string;
  private isExpectedToEnd = false;
  private readonly child: ChildProcess;
  private readonly log: string;

  constructor(program: string, config: ProcessConfig) {
    this.name = config.name;
    this.log = path.join(config.folder, `${config.name}.log`);
    const output = openSync(this.log, 'w');
    const args = ['--disable-warning=ExperimentalWarning', program, JSON.stringify(config)];
    this.child = spawn(process.execPath, args, { stdio: ['ignore', output, output, 'ipc'] });
    closeSync(output);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Whether it has ended though nobody asked for it. */
  get hasCrashed(): boolean {
    return this.hasEnded && !this.isExpectedToEnd;
  }

  /** How it ended: its exit code, or the signal. */
  get end(): number | string | null {
    return this.child.exitCode ?? this.child.signalCode;
  }

  /** Sends SIGSTOP, SIGCONT, or a signal whose effect is waited for elsewhere. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Tells the program something that it listens for. */
  tell(message: object): void {
    // It may end while it is being told.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  /** Sends a signal, if it still runs, and waits until it has ended. */
  async endBy(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    this.isExpectedToEnd = true;
    const ended = once(this.child, 'exit', { signal: AbortSignal.timeout(END_TIMEOUT_MS) });
    this.child.kill(signal);
    await ended;
  }

  /** The end of what it has written to its output. */
  logTail(): string {
    return readFileSync(this.log, 'utf8').trim().split('\n').slice(-40).join('\n');
  }
}
