import type { JobJson, RedisQueueBackend } from 'bullmq';

import { isError, toError } from '../errors.js';
import type { Connection } from './redis-connections.js';
import { addAll } from './redis-scripts.js';

/** How the server says that it cannot read a script, and has carried out nothing of it. */
const UNREADABLE_SCRIPT = /compiling script/i;

type Answer = string | Error;
/** What BullMQ gives a command to that is to leave together with others. */
type Together = Exclude<Parameters<RedisQueueBackend['addJobToTransaction']>[0], { readonly status: string }>;
/** Sends a command that was defined on a connection. */
type Send = (args: readonly unknown[]) => Promise<readonly unknown[]>;

/** A script as ioredis keeps it. */
interface KnownScript {
  readonly lua: string;
  readonly numberOfKeys: number;
}

/** Jobs that follow each other and are added by the same script of BullMQ. */
interface Run {
  readonly script: string;
  readonly known: KnownScript;
  /** The keys, which they share, and the values of each. */
  readonly args: unknown[];
  jobCount: number;
}

/**
 * Adds jobs of one queue with one command for all of them: one for each costs this process as much as all the rest. What adds a job
 * stays BullMQ's own script, of the release in use and as it is loaded on the connection; it becomes a function that is
 * called for each job. A job that is refused keeps no other from being added.
 */
export class RedisAdds {
  /** False where the scripts of BullMQ turn out to be none that can be called so. */
  private isPossible = true;

  constructor(private readonly connection: () => Connection) {}

  /**
   * Adds jobs in order.
   *
   * @returns for each the id of the job that stands for it, or why it was not taken; undefined where they are to be added one by one
   */
  async add(backend: RedisQueueBackend, jobs: readonly JobJson[]): Promise<readonly Answer[] | undefined> {
    // By then its scripts are loaded.
    await backend.client;
    const runs = this.isPossible ? runsOf(backend, jobs, (script) => this.known(script)) : undefined;
    if (runs === undefined) return undefined;
    const answers = await Promise.all(runs.map((run) => this.send(run)));
    // To add a job once more that is there changes nothing.
    return this.isPossible ? answers.flat() : undefined;
  }

  private async send({ script, known, args, jobCount }: Run): Promise<readonly Answer[]> {
    try {
      const answers = await this.command(script, known)(args);
      return answers.map((answer) => (typeof answer === 'string' ? answer : toError(answer)));
    } catch (error) {
      if (isError(error) && UNREADABLE_SCRIPT.test(error.message)) this.isPossible = false;
      return Array.from({ length: jobCount }, () => toError(error));
    }
  }

  private command(script: string, { lua, numberOfKeys }: KnownScript): Send {
    const connection = this.connection();
    const name = `dispatch:${script}`;
    if (!(name in connection)) connection.defineCommand(name, { numberOfKeys, lua: addAll(lua) });
    // The script answers with a list.
    return (Reflect.get(connection, name) as Send).bind(connection);
  }

  private known(script: string): KnownScript | undefined {
    // It is not among what ioredis promises to keep as it is.
    const scripts: unknown = Reflect.get(this.connection(), 'scriptsSet');
    const known: unknown = typeof scripts === 'object' && scripts !== null ? Reflect.get(scripts, script) : undefined;
    if (typeof known !== 'object' || known === null || !('lua' in known) || !('numberOfKeys' in known))
      return undefined;
    const { lua, numberOfKeys } = known;
    return typeof lua === 'string' && typeof numberOfKeys === 'number' ? { lua, numberOfKeys } : undefined;
  }
}

/** Undefined where BullMQ adds one of the jobs in a way that is not known here. */
function runsOf(
  backend: RedisQueueBackend,
  jobs: readonly JobJson[],
  knownOf: (script: string) => KnownScript | undefined,
): readonly Run[] | undefined {
  const runs: Run[] = [];
  for (const { script, args } of callsOf(backend, jobs)) {
    const last = runs.at(-1);
    if (last?.script === script) {
      last.args.push(...args.slice(last.known.numberOfKeys));
      last.jobCount += 1;
      continue;
    }
    const known = knownOf(script);
    if (known === undefined) return undefined;
    runs.push({ script, known, args: [...args], jobCount: 1 });
  }
  return runs.reduce((count, { jobCount }) => count + jobCount, 0) === jobs.length ? runs : undefined;
}

/** What BullMQ would have the server do for each job. */
function callsOf(backend: RedisQueueBackend, jobs: readonly JobJson[]) {
  const calls: { readonly script: string; readonly args: readonly unknown[] }[] = [];
  // To add a job without a parent it asks nothing else of a transaction, and that before it waits for anything.
  const together = {
    runCommand(script: string, args: readonly unknown[]) {
      calls.push({ script, args });
      return '';
    },
  } as unknown as Together;
  for (const job of jobs) backend.addJobToTransaction(together, job, job.id).catch(() => 'it has not asked then');
  return calls;
}
