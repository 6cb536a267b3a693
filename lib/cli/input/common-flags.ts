import type { Flags } from './flags.js';

/** The flags of every command. */
export const COMMON_FLAGS = {
  app: { value: '<file>', help: 'the compiled file that exports the root module, such as dist/app.module.js' },
  module: { value: '<name>', help: 'which export of that file it is, where there are several' },
  json: { help: 'prints the result as one JSON document' },
  verbose: { help: 'shows all logs of the application, and the stacks of errors' },
  help: { help: 'explains the command' },
} satisfies Flags;
