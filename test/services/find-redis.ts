import { access, constants } from 'node:fs/promises';
import path from 'node:path';

import { runCommand } from './run-command.js';

const PROGRAMS = ['redis-server', 'valkey-server'];
const APT_TIMEOUT_MS = 300_000;

/** What the search looks at; each is the machine's own where it is omitted. */
export interface RedisSearch {
  /** Folders, separated as in PATH. */
  readonly path?: string;
  /** Whether this process may install packages. Default: whether it runs as root. */
  readonly isRoot?: boolean;
  /** Runs a command to its end; rejects when it fails. */
  readonly run?: (command: string, args: readonly string[]) => Promise<unknown>;
}

/**
 * The path of a Redis or Valkey server: from the PATH, else installed by apt-get where this process is root and apt-get is
 * there. Processes that ask at the same time install it once.
 *
 * @throws Error that says what to do when there is none and it cannot be installed.
 */
export async function findRedis(search: RedisSearch = {}): Promise<string> {
  const folders = search.path ?? process.env['PATH'] ?? '';
  const found = await firstOf(PROGRAMS, folders);
  if (found !== undefined) return found;
  const isRoot = search.isRoot ?? process.getuid?.() === 0;
  const apt = await firstOf(['apt-get'], folders);
  if (!isRoot) throw missing('this process may not install it, as it does not run as root');
  if (apt === undefined) throw missing('there is no apt-get to install it with');
  try {
    await (search.run ?? runVisibly)('flock', installArguments(apt));
  } catch (error) {
    throw missing('apt-get could not install it', error);
  }
  const installed = await firstOf(PROGRAMS, folders);
  if (installed === undefined) throw missing('the package that apt-get installed has brought none');
  return installed;
}

/**
 * `flock` (of util-linux, which is there wherever apt is) lets go of its lock however its process ends. It locks apt's
 * folder itself: no file remains, and apt's own locks are on files inside it.
 */
function installArguments(apt: string): string[] {
  const options = '-q -o Acquire::Retries=2 -o DPkg::Lock::Timeout=120';
  const install = `"$1" ${options} update && "$1" ${options} install -y --no-install-recommends redis-server`;
  const script = `command -v redis-server >/dev/null || { ${install}; }`;
  return ['/var/lib/apt', 'sh', '-c', script, 'install-redis', apt];
}

async function runVisibly(command: string, args: readonly string[]): Promise<void> {
  process.stderr.write('There is no Redis on this machine: installing redis-server with apt-get, once.\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runCommand(command, args, { env, timeout: APT_TIMEOUT_MS });
}

async function firstOf(programs: readonly string[], folders: string): Promise<string | undefined> {
  for (const program of programs) {
    for (const folder of folders.split(path.delimiter).filter((part) => part !== '')) {
      const file = path.join(folder, program);
      if (await isExecutable(file)) return file;
    }
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(why: string, cause?: unknown): Error {
  const detail = cause instanceof Error ? ` (${cause.message})` : '';
  return new Error(
    `Found no Redis: neither redis-server nor valkey-server is on the PATH, and ${why}${detail}. Install one ` +
      '("sudo apt-get install redis-server", "brew install redis"), or set REDIS_URL to one that runs, ' +
      'for example REDIS_URL=redis://127.0.0.1:6379.',
    { cause },
  );
}
