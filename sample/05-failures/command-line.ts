import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('cli/main.js', import.meta.resolve('nestjs-dispatch')));
const APP = fileURLToPath(new URL('app.module.js', import.meta.url));

/** Runs a command as `npx nestjs-dispatch --app …/app.module.js` does, in a process of its own. @returns what it prints */
export async function commandLine(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, '--app', APP, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (code !== 0) throw new Error(`The command ${args.join(' ')} ended with ${code}.`);
  return printed.trimEnd();
}
