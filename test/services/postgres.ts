import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { Client } from 'pg';

import { preparePostgres, type PostgresProgram } from './postgres-program.js';
import { runCommand } from './run-command.js';
import { ServerFolder } from './server-folder.js';
import { startServer, type RunningServer } from './server-process.js';

/** A Postgres server that this process started. Its superuser `postgres` needs no password. */
export type PostgresServer = RunningServer;

/** How a Postgres is started. */
export interface PostgresOptions {
  /** Default: a free one. */
  readonly port?: number;
  /**
   * Where its files are; stays after `stop()`, and a database that is in it is used as it is. As root it is given to the
   * user `nobody`, whom Postgres runs as. Default: a temporary folder that goes with the server.
   */
  readonly folder?: string;
  /** Whether a commit is on disk before it is answered, so that a kill loses nothing. Default false: faster. */
  readonly durable?: boolean;
  /** More settings, such as `{ max_connections: 20 }` (default 300). */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

const QUICK = { fsync: false, synchronous_commit: false, full_page_writes: false };

const ALWAYS = {
  listen_addresses: '127.0.0.1',
  // No socket file outside the folder, and no path that is too long for one.
  unix_socket_directories: '',
  max_connections: 300,
  // In the folder, and so removed with it; in /dev/shm they would outlive a server that is killed.
  dynamic_shared_memory_type: 'mmap',
};

/** The processes of a killed server end a moment after it; until then its data are not given to another one. */
const STILL_ENDING = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/;

/** Starts a Postgres on 127.0.0.1; resolves when it answers. @throws Error when there is none or it does not start. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = await ServerFolder.make('postgres', 'SIGQUIT', options.folder);
  try {
    const program = await preparePostgres(folder.path);
    const data = path.join(folder.path, 'data');
    if (!existsSync(path.join(data, 'PG_VERSION'))) await initialise(program, folder, data);
    return await startServer(
      (port) => ({
        name: 'Postgres',
        url: `postgres://postgres@127.0.0.1:${port}/postgres`,
        port,
        command: program.postgres,
        args: ['-D', data, '-p', `${port}`, ...settingsFor(options)],
        folder,
        env: program.env,
        user: program.user,
        gentleSignal: 'SIGINT',
        abruptSignal: 'SIGQUIT',
        passingFailure: STILL_ENDING,
        isReady: (pid) => isServedBy(pid, data),
      }),
      options.port,
    );
  } catch (error) {
    await folder.release();
    throw error;
  }
}

/** Resolves when a Postgres answers. @throws Error with the reason when it does not within 5 s. */
export async function checkPostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  // Without a listener an error of the idle connection would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end();
  }
}

async function initialise(program: PostgresProgram, folder: ServerFolder, data: string): Promise<void> {
  const how = ['--auth=trust', '--locale=C', '--encoding=UTF8', '--no-sync', '--no-instructions'];
  try {
    await runCommand(program.initdb, ['-D', data, '-U', 'postgres', ...how], {
      cwd: folder.path,
      env: { ...process.env, ...program.env },
      ...program.user,
      started: (pid) => folder.watch(pid),
    });
  } finally {
    folder.watch(undefined);
  }
}

function settingsFor({ durable = false, settings = {} }: PostgresOptions): string[] {
  const all = { ...ALWAYS, ...(durable ? {} : QUICK), ...settings };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${String(value)}`]);
}

/** Reads the server's own status file, as pg_ctl does: its first line is the process, its eighth "ready" in the end. */
async function isServedBy(pid: number, data: string): Promise<boolean> {
  try {
    const lines = (await readFile(path.join(data, 'postmaster.pid'), 'utf8')).split('\n');
    return lines[0]?.trim() === `${pid}` && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}
