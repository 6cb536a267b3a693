import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import type { Settings } from '../settings.js';

const PROGRAM = path.join(import.meta.dirname, '../process.js');
const END_TIMEOUT_MS = 15_000;

/** One process of the application. */
export interface AppProcess {
  readonly name: string;
  /** Where it listens; empty for a worker. */
  readonly url: string;
  /** Resolves when it is where it may be killed, and waits there. */
  readonly atCrashPoint: Promise<AppProcess>;
  /** Lets it go on from there, now or when it comes there. */
  spare(): void;
  /** Ends it at once. Resolves when it has ended. */
  kill(): Promise<void>;
  /** Asks it to end in order. @returns whether it did, which it says with the exit code 0 */
  stop(): Promise<boolean>;
}

/** Starts one process; resolves when it is ready. @throws Error where it ends instead */
export async function startProcess(settings: Settings, role: 'send' | 'work'): Promise<AppProcess> {
  const child = fork(PROGRAM, [JSON.stringify(settings)], {
    env: { ...process.env, DISPATCH_ROLE: role },
    // What the library logs goes to stderr; stdout is for the report.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const ended = once(child, 'exit');
  const atCrashPoint = message(child, 'in-handler');
  const ready = await Promise.race([message(child, 'ready'), ended.then(() => undefined)]);
  if (ready === undefined) throw new Error(`${settings.name} ended before it was ready.`);
  const started: AppProcess = {
    name: settings.name,
    url: ready.url ?? '',
    atCrashPoint: atCrashPoint.then(() => started),
    spare: () => void atCrashPoint.then(() => child.send('go on')),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      const deadline = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
      await ended;
      clearTimeout(deadline);
      return child.exitCode === 0;
    },
  };
  return started;
}

interface Message {
  readonly type: 'ready' | 'in-handler';
  readonly url?: string;
}

function message(child: ChildProcess, type: Message['type']): Promise<Message> {
  return new Promise((resolve) => {
    // Only `process.ts` and the crash point write to this channel.
    child.on('message', (received) => {
      const told = received as Message;
      if (told.type === type) resolve(told);
    });
  });
}
