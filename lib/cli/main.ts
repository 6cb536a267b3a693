#!/usr/bin/env node
import { startApplication } from './application/start-application.js';
import { runCommandLine } from './command-line.js';
import { processTerminal } from './process-terminal.js';

const interruption = new AbortController();
// A second Ctrl-C ends the process at once.
process.once('SIGINT', () => interruption.abort());

const terminal = processTerminal();
const exitCode = await runCommandLine(process.argv.slice(2), {
  terminal,
  signal: interruption.signal,
  start: startApplication,
});
await terminal.flush();
// An application may leave open what it does not close; what it was started for is done.
process.exit(exitCode);
