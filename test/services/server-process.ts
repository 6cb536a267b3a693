import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { freePort } from './free-port.js';
import type { ServerFolder } from './server-folder.js';

/** How long a server may take to answer after its start, and how long a start that must be repeated is repeated. */
const START_TIMEOUT_MS = 30_000;
/** How long a server may take to end after a signal that asks it to. */
const END_TIMEOUT_MS = 10_000;
const POLL_MS = 10;
const PORT_ATTEMPTS = 5;

const DEADLY: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT']);

/** A server that runs on 127.0.0.1 as a process of its own. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** The process id; another one after every `restart()`. */
  readonly pid: number;
  /** Ends the server for good and removes its temporary folder. A second call does nothing. */
  stop(): Promise<void>;
  /**
   * Sends a signal. Resolves when the process has ended if that is what the signal does, else (SIGSTOP, SIGCONT) at once.
   *
   * @throws Error when the process has not ended 10 s after SIGTERM, SIGINT or SIGQUIT, as when it is stopped by SIGSTOP.
   */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends the server in its orderly way if it still runs, then starts it with the same port and data; waits until ready. */
  restart(): Promise<void>;
}

/** A user that a server runs as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** What a server process is made of. */
export interface ServerRecipe {
  /** For errors. */
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: ServerFolder;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** The caller's own user where it is omitted. */
  readonly user?: User | undefined;
  /** Ends it in order, with all data on disk. */
  readonly gentleSignal: NodeJS.Signals;
  /** Ends it at once, with its children; for a server whose data is thrown away. */
  readonly abruptSignal: NodeJS.Signals;
  /** What the log says of a failed start that passes by itself, so that the start is repeated. */
  readonly passingFailure?: RegExp | undefined;
  /** Whether this very process answers, and not another server on the same port. */
  isReady(pid: number): Promise<boolean>;
}

/** Starts a server on the port that is given, else on a free one. The folder is the caller's to release on failure. */
export async function startServer(
  recipeFor: (port: number) => ServerRecipe,
  port: number | undefined,
): Promise<RunningServer> {
  for (let attempt = 1; ; attempt += 1) {
    const server = new ServerProcess(recipeFor(port ?? (await freePort())));
    try {
      await server.start();
      return server;
    } catch (error) {
      // Between the choice of a free port and its use, somebody else may take it.
      const isTaken = error instanceof Error && error.message.includes('Address already in use');
      if (port !== undefined || attempt === PORT_ATTEMPTS || !isTaken) throw error;
    }
  }
}

class ServerProcess implements RunningServer {
  private child: ChildProcess | undefined;
  private stopping: Promise<void> | undefined;

  constructor(private readonly recipe: ServerRecipe) {}

  get url(): string {
    return this.recipe.url;
  }

  get port(): number {
    return this.recipe.port;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.recipe.name} has no process; start it first.`);
    return this.child.pid;
  }

  async start(): Promise<void> {
    const { passingFailure } = this.recipe;
    for (const deadline = Date.now() + START_TIMEOUT_MS; ;) {
      try {
        await this.startOnce(deadline);
        return;
      } catch (error) {
        const passes = error instanceof Error && passingFailure?.test(error.message) === true;
        if (!passes || Date.now() > deadline) throw error;
        await delay(POLL_MS);
      }
    }
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.child?.kill(signal);
    if (!DEADLY.has(signal) || (await this.ended(END_TIMEOUT_MS))) return;
    throw new Error(`${this.recipe.name} (pid ${this.pid}) still runs ${END_TIMEOUT_MS} ms after ${signal}.`);
  }

  async restart(): Promise<void> {
    if (this.stopping !== undefined) throw new Error(`${this.recipe.name} was stopped for good; start another one.`);
    await this.end(this.recipe.gentleSignal);
    await this.start();
  }

  private async stopOnce(): Promise<void> {
    const { folder, abruptSignal, gentleSignal } = this.recipe;
    await this.end(folder.isTemporary ? abruptSignal : gentleSignal);
    await folder.release();
  }

  private async startOnce(deadline: number): Promise<void> {
    const { command, args, folder, env, user } = this.recipe;
    // Into a file, not a pipe: a server whose output nobody reads any more must not stop over it.
    // A new one: what is left of a server that was killed goes on writing into the old one.
    rmSync(this.logFile, { force: true });
    const log = openSync(this.logFile, 'w');
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: folder.path,
      env: { ...process.env, ...env },
      ...user,
    });
    closeSync(log);
    this.child = child;
    child.once('exit', () => {
      if (this.child === child) folder.watch(undefined);
    });
    child.unref();
    await once(child, 'spawn');
    folder.watch(child.pid);
    await this.answers(child, deadline);
  }

  private async answers(child: ChildProcess, deadline: number): Promise<void> {
    while (Date.now() < deadline) {
      if (hasEnded(child)) {
        throw new Error(`${this.recipe.name} ended (${exitOf(child)}) before it was ready. Its log: ${this.logTail()}`);
      }
      if (await this.recipe.isReady(this.pid)) return;
      await delay(POLL_MS);
    }
    await this.end('SIGKILL');
    throw new Error(`${this.recipe.name} was not ready after ${START_TIMEOUT_MS} ms. Its log: ${this.logTail()}`);
  }

  /** Ends the process; a stopped one (SIGSTOP) first has to go on to see the signal. */
  private async end(signal: NodeJS.Signals): Promise<void> {
    this.child?.kill(signal);
    this.child?.kill('SIGCONT');
    if (await this.ended(END_TIMEOUT_MS)) return;
    this.child?.kill('SIGKILL');
    await this.ended(END_TIMEOUT_MS);
  }

  /** Whether the process has ended, waited for at most so long. */
  private async ended(timeoutMs: number): Promise<boolean> {
    const { child } = this;
    if (child === undefined || hasEnded(child)) return true;
    child.ref();
    try {
      await once(child, 'exit', { signal: AbortSignal.timeout(timeoutMs) });
      return true;
    } catch {
      return hasEnded(child);
    } finally {
      child.unref();
    }
  }

  private get logFile(): string {
    return path.join(this.recipe.folder.path, 'server.log');
  }

  private logTail(): string {
    return readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-20).join('\n') || '(empty)';
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function exitOf(child: ChildProcess): string {
  return child.signalCode ?? `code ${child.exitCode}`;
}
