import { cpus } from 'node:os';

import { parseArguments, USAGE, type Arguments, type SuiteName } from './arguments.js';
import { coreSuite } from './core/suite.js';
import { printTable, type Report } from './report.js';
import { routerSuite } from './router/suite.js';
import { runProcesses } from './processes.js';
import type { Suite } from './suite.js';

const SUITES: Readonly<Record<SuiteName, Suite>> = { core: coreSuite, router: routerSuite };

const parsed = argumentsOrUsage();
if (parsed === undefined) process.exitCode = 2;
else await bench(parsed);

function argumentsOrUsage(): Arguments | undefined {
  try {
    return parseArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    return undefined;
  }
}

async function bench({ suiteName, isJson, rounds, sliceMs }: Arguments): Promise<void> {
  const suite = SUITES[suiteName];
  const times = await runProcesses(suiteName, suite.processes, { rounds, sliceMs, progress });
  progress('');
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', node: process.version };
  const report: Report = { suite: suiteName, rows: suite.rows(times), rounds, sliceMs, machine };
  if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
  else printTable(report);
}

/** On a terminal only, and never on stdout, which is for the result. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(40)}\r`);
}
