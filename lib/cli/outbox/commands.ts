import type { FailedOutboxMessage } from '../../run-modes/outbox/outbox-store.port.js';
import { Outbox, type OutboxReport } from '../../run-modes/outbox/outbox.js';
import type { Command, CommandGroup } from '../command.js';
import { extraOperands } from '../input/operands.js';
import { printable } from '../text/printable.js';
import { printJson } from '../text/results.js';
import { tableLines, type Column } from '../text/text-table.js';

/** The most messages that are shown. */
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 20;

const FAILED_COLUMNS: readonly Column<FailedOutboxMessage>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'QUEUE', of: ({ queue }) => queue, canShrink: true },
  { title: 'MESSAGE', of: ({ name }) => name, canShrink: true },
  { title: 'ATTEMPTS', of: ({ attempts }) => String(attempts) },
  { title: 'SET ASIDE', of: ({ failedAt }) => failedAt.toISOString() },
  { title: 'ERROR', of: ({ error }) => error.message, canShrink: true },
];

const statusCommand: Command = {
  name: 'status',
  summary: 'counts what waits to be handed to its queue, and shows what was set aside',
  operands: '',
  flags: {
    limit: {
      value: '<number>',
      help: `how many of those set aside, from 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} where left out`,
    },
    page: { value: '<id>', help: 'shows those behind this one, which says how a list before has ended' },
  },
  prepare(flags, operands) {
    extraOperands(operands, 0, flags);
    const limit = flags.count('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT;
    const after = flags.text('page');
    return async ({ app, terminal }) => {
      const outbox = app.get(Outbox);
      const report = await outbox.check();
      const failed = await outbox.failed({ limit, ...(after !== undefined && { after }) });
      if (flags.has('json')) {
        printJson(terminal, { ...report, failedMessages: failed });
        return 0;
      }
      for (const line of reportLines(report)) terminal.result(line);
      for (const line of failed.length === 0 ? [] : tableLines(failed, FAILED_COLUMNS, terminal.columns)) {
        terminal.result(line);
      }
      const last = failed.length === limit ? failed.at(-1) : undefined;
      if (last !== undefined) terminal.note(`There may be more: add --page=${last.id}`);
      return 0;
    };
  },
};

const retryCommand: Command = {
  name: 'retry',
  summary: 'has messages that were set aside handed to their queues again, by the processes that relay',
  operands: '[id...]',
  flags: {
    all: { help: 'all there are' },
    yes: { help: 'does not ask first; needed for many where nobody can be asked' },
  },
  prepare(flags, operands, terminal) {
    const isAll = flags.has('all');
    if (operands.length === 0 && !isAll) flags.problem('Say which: give ids, or --all.');
    if (operands.length > 0 && isAll) flags.problem('Give ids, or --all: only one of the two.');
    if (isAll && !flags.has('yes') && !terminal.isInteractive) {
      flags.problem('This is about more than one message, and nobody can be asked: give --yes.');
    }
    return async (run) => {
      const outbox = run.app.get(Outbox);
      if (isAll && !flags.has('yes')) {
        const { failed } = await outbox.check();
        const answer = await run.terminal.ask(`Retry ${counted(failed)}? [y/N] `);
        if (!/^y(?:es)?$/i.test(answer)) {
          run.terminal.note('Nothing was done.');
          return 1;
        }
      }
      const retried = await outbox.retry(isAll ? undefined : operands);
      if (flags.has('json')) printJson(run.terminal, { retried });
      else run.terminal.result(`${counted(retried)} will be tried again.`);
      if (isAll || retried === operands.length) return 0;
      run.terminal.note(`The others of ${operands.map((id) => printable(id)).join(', ')} are not set aside.`);
      return 1;
    };
  },
};

/** Everything about the outbox. */
export const outboxCommands: CommandGroup = {
  name: 'outbox',
  summary: 'shows what of transactions waits for its queue, and tries again what was set aside',
  commands: [statusCommand, retryCommand],
};

function reportLines({ waiting, retrying, oldestWaitingMs, failed, isHealthy }: OutboxReport): string[] {
  const rows: readonly (readonly [string, string])[] = [
    ['waiting', String(waiting)],
    ['retrying', String(retrying)],
    ['oldest', waiting === 0 ? '-' : `${(oldestWaitingMs / 1000).toFixed(1)} s`],
    ['set aside', String(failed)],
    ['healthy', isHealthy ? 'yes' : 'no'],
  ];
  return rows.map(([name, value]) => `${name.padEnd(10)} ${value}`);
}

function counted(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}
