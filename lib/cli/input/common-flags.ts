import { isStandalone, type Command } from '../command.js';
import type { Flags } from './flags.js';

const APPLICATION_FLAGS = {
  app: { value: '<file>', help: 'the compiled file that exports the root module, such as dist/app.module.js' },
  module: { value: '<name>', help: 'which export of that file it is, where there are several' },
} satisfies Flags;
const EVERYWHERE = {
  json: { help: 'prints the result as one JSON document' },
  verbose: { help: 'shows all logs of the application, and the stacks of errors' },
  help: { help: 'explains the command' },
} satisfies Flags;

/** The flags that commands share. */
export const COMMON_FLAGS = { ...APPLICATION_FLAGS, ...EVERYWHERE } satisfies Flags;

/** The flags that a command has beside its own. */
export function commonFlagsOf(command: Command): Flags {
  return isStandalone(command) ? EVERYWHERE : COMMON_FLAGS;
}
