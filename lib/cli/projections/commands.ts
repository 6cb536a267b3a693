import { Projections } from '../../projections/projections.js';
import type { ProjectionStatus } from '../../projections/projection-status.js';
import type { Command, CommandGroup, CommandRun, ExitCode } from '../command.js';
import { extraOperands, oneOperand } from '../input/operands.js';
import { printJson } from '../text/results.js';
import { printable } from '../text/printable.js';
import { tableLines, type Column } from '../text/text-table.js';
import { progressBar } from './progress-bar.js';

const COLUMNS: readonly Column<ProjectionStatus>[] = [
  { title: 'PROJECTION', of: ({ name }) => name, canShrink: true },
  { title: 'STATE', of: ({ state }) => state },
  { title: 'VERSION', of: ({ version }) => String(version) },
  { title: 'TARGET', of: ({ active }) => active?.target ?? '-' },
  { title: 'POSITION', of: ({ position }) => String(position) },
  { title: 'LAG', of: ({ lag }) => String(lag) },
  { title: 'PARKED', of: ({ parkedCount }) => String(parkedCount) },
  { title: 'BUILD', of: ({ build }) => (build === undefined ? '-' : `${build.target} ${build.position}`) },
];

const listCommand: Command = {
  name: 'list',
  summary: 'shows how far each projection of the application is, and whether a process writes it',
  operands: '',
  flags: {},
  prepare(flags, operands) {
    extraOperands(operands, 0, flags);
    return async ({ app, terminal }) => {
      const all = await app.get(Projections).list();
      if (flags.has('json')) printJson(terminal, all);
      else {
        for (const line of tableLines(all, COLUMNS, terminal.columns)) terminal.result(line);
        for (const { name, stopReason } of all) {
          if (stopReason !== undefined) terminal.note(printable(`${name} is stopped: ${stopReason}`));
        }
      }
      return 0;
    };
  },
};

const rebuildCommand: Command = {
  name: 'rebuild',
  summary:
    'writes a projection anew beside what is read, in this process, and then switches; Ctrl-C leaves the old one',
  operands: '<projection>',
  flags: {},
  prepare(flags, operands) {
    const name = oneOperand('projection', operands, flags);
    return async ({ app, terminal, signal }) => {
      try {
        const onProgress = progressBar(terminal, name);
        const { target, position } = await app.get(Projections).rebuild(name, { signal, onProgress });
        terminal.progress('');
        if (flags.has('json')) printJson(terminal, { projection: name, target, position });
        else terminal.result(`${name} is read from ${target} now, at position ${position}.`);
        return 0;
      } catch (error) {
        terminal.progress('');
        if (!signal.aborted) throw error;
        terminal.note('It was stopped: what was there before is read as before.');
        return 1;
      }
    };
  },
};

const resetCommand: Command = {
  name: 'reset',
  summary: 'empties what is read of a projection, and has it written from the first event again by whoever writes it',
  operands: '<projection>',
  flags: { yes: { help: 'does not ask first; needed for many where nobody can be asked' } },
  prepare(flags, operands, { isInteractive }) {
    const name = oneOperand('projection', operands, flags);
    const isAgreed = flags.has('yes');
    if (!isAgreed && !isInteractive) {
      flags.problem('What is read is incomplete for a time, and nobody can be asked: give --yes, or use rebuild.');
    }
    return async (run) => {
      if (!isAgreed && !(await isConfirmed(name, run))) return 1;
      const isReset = await run.app.get(Projections).reset(name);
      if (flags.has('json')) printJson(run.terminal, { projection: name, isReset });
      else run.terminal.result(isReset ? `${name} is written again from the start.` : `${name} was never written.`);
      return 0;
    };
  },
};

const resumeCommand: Command = {
  name: 'resume',
  summary: 'lets a projection that is stopped go on at the event it failed at; idempotent',
  operands: '<projection>',
  flags: {},
  prepare(flags, operands) {
    const name = oneOperand('projection', operands, flags);
    return async ({ app, terminal }): Promise<ExitCode> => {
      const isResumed = await app.get(Projections).resume(name);
      if (flags.has('json')) printJson(terminal, { projection: name, isResumed });
      else terminal.result(isResumed ? `${name} goes on.` : `${name} was not stopped.`);
      return 0;
    };
  },
};

const retryCommand: Command = {
  name: 'retry',
  summary: 'has the parked events of a projection tried again by whoever writes it',
  operands: '<projection>',
  flags: { stream: { value: '<stream>', help: 'only those of this stream' } },
  prepare(flags, operands) {
    const name = oneOperand('projection', operands, flags);
    const stream = flags.text('stream');
    return async ({ app, terminal }): Promise<ExitCode> => {
      const count = await app.get(Projections).retryParked(name, { stream });
      if (flags.has('json')) printJson(terminal, { projection: name, asked: count });
      else terminal.result(`${count} parked event${count === 1 ? '' : 's'} of ${name} will be tried again.`);
      return 0;
    };
  },
};

/** Everything about projections. */
export const projectionCommands: CommandGroup = {
  name: 'projections',
  summary: 'shows how far projections are, rebuilds and resets them',
  commands: [listCommand, rebuildCommand, resetCommand, resumeCommand, retryCommand],
};

async function isConfirmed(name: string, { terminal }: CommandRun): Promise<boolean> {
  const answer = await terminal.ask(`Empty ${name}, which is incomplete until it is written again? [y/N] `);
  if (/^y(?:es)?$/i.test(answer)) return true;
  terminal.note('Nothing was done.');
  return false;
}
