import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Reads process ids until its owner is gone, ends the last one it was told and removes the folder. A process of its own,
 * because nothing that runs inside the owner runs when the owner is killed, and Jest ends without its teardown on Ctrl-C
 * and with --bail. A process that has ended may stay in the table of a container whose first process takes no note of it.
 */
const GUARD = `
target=
while read -r pid; do target=$pid; done
if [ -n "$target" ] && kill -"$1" "$target" 2>/dev/null; then
  kill -CONT "$target" 2>/dev/null
  left=100
  while [ $left -gt 0 ] && kill -0 "$target" 2>/dev/null; do
    grep -qs "^State:[[:space:]]*Z" "/proc/$target/status" && break
    sleep 0.05
    left=$((left - 1))
  done
  kill -KILL "$target" 2>/dev/null
fi
[ -z "$2" ] || rm -rf -- "$2"
`;

/** The folder of one server, with a guard that outlives this process and leaves neither the server nor the folder. */
export class ServerFolder {
  private constructor(
    readonly path: string,
    /** Whether it was made here and goes away with the server; a folder that was given stays. */
    readonly isTemporary: boolean,
    private readonly guard: ChildProcess,
  ) {
    // The guard may be gone already when its pipe is written to; then there is nothing left to guard.
    guard.stdin?.on('error', () => undefined);
    guard.on('error', () => undefined);
    guard.unref();
    if (guard.stdin !== null && 'unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  }

  /**
   * Makes a temporary folder, or uses the one that is given, made if it is not there.
   *
   * @param abruptSignal ends the server at once and lets it end its own children.
   */
  static async make(name: string, abruptSignal: NodeJS.Signals, given?: string): Promise<ServerFolder> {
    const folder = given ?? (await mkdtemp(join(tmpdir(), `nestjs-dispatch-${name}-`)));
    if (given !== undefined) await mkdir(given, { recursive: true });
    const signal = abruptSignal.replace(/^SIG/, '');
    const guard = spawn('/bin/sh', ['-c', GUARD, 'guard', signal, given === undefined ? folder : ''], {
      // A process group of its own: Ctrl-C in the terminal reaches the whole group of the test run.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
    });
    return new ServerFolder(folder, given === undefined, guard);
  }

  /** Tells the guard which process uses the folder now; undefined: none. */
  watch(pid: number | undefined): void {
    this.guard.stdin?.write(`${pid ?? ''}\n`);
  }

  /** Lets the guard go and removes a temporary folder. The server must have ended. */
  async release(): Promise<void> {
    this.watch(undefined);
    this.guard.stdin?.end();
    // Children of a killed server may write a last file while the folder is being removed.
    if (this.isTemporary) await rm(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
