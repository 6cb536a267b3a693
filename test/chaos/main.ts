import path from 'node:path';

import { Programs } from '../processes/programs.js';
import { addressAt, ownStore } from '../processes/stores.js';
import { parseArguments, USAGE, type Arguments } from './arguments.js';
import { describePlan, planOf } from './plan.js';
import type { Report } from './report.js';
import { runPlan } from './run.js';
import { tableOf } from './table.js';

const parsed = argumentsOrUsage();
if (parsed === undefined) process.exitCode = 2;
else if (!(await chaos(parsed))) process.exitCode = 1;

function argumentsOrUsage(): Arguments | undefined {
  try {
    return parseArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    return undefined;
  }
}

/** @returns whether every promise was kept */
async function chaos({ seeds, backend, messageCount, isJson }: Arguments): Promise<boolean> {
  const programs = Programs.in(path.join(import.meta.dirname, 'programs'));
  const { server, store } = await ownStore(backend);
  const reports: Report[] = [];
  try {
    for (const seed of seeds) {
      const plan = planOf(seed, { messageCount, isFull: true, hasOutbox: backend === 'postgres' });
      if (!isJson) process.stdout.write(`${describePlan(plan)}\n`);
      const run = { plan, programs, server, store: addressAt(backend, store.url) };
      const again = `npm run chaos -- --backend ${backend} --seed ${seed} --messages ${messageCount}`;
      const report = await runPlan(run).catch((error: unknown) => {
        process.stderr.write(`${String(error)}\nthe run did not come to its end; again: ${again}\n`);
      });
      if (report === undefined) continue;
      reports.push(report);
      tell(report, again, isJson);
    }
  } finally {
    await server.stop();
  }
  if (isJson) process.stdout.write(`${JSON.stringify(reports)}\n`);
  else process.stdout.write(`\n${tableOf(reports)}\n`);
  return reports.length === seeds.length && reports.every(({ problems }) => problems.length === 0);
}

function tell(report: Report, again: string, isJson: boolean): void {
  const { problems, missed } = report;
  const lines = [
    ...missed.map((fault) => `did not come about: ${fault}`),
    ...problems.map((each) => `BROKEN: ${each}`),
  ];
  if (problems.length > 0) lines.push(`again: ${again}`);
  const text = [...(isJson ? [] : [tableOf([report])]), ...lines].join('\n');
  if (text !== '') (isJson ? process.stderr : process.stdout).write(`${text}\n`);
}
