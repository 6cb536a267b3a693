import type { QueueCounts } from '../../run-modes/queue/queue-backend.port.js';
import { Queues } from '../../run-modes/queue/queues.js';
import type { Command, CommandGroup } from '../command.js';
import { extraOperands, oneOperand } from '../input/operands.js';
import { printJson } from '../text/results.js';
import { tableLines, type Column } from '../text/text-table.js';

/** A queue with what is in it. */
interface QueueState extends QueueCounts {
  readonly queue: string;
}

const COLUMNS: readonly Column<QueueState>[] = [
  { title: 'QUEUE', of: ({ queue }) => queue, canShrink: true },
  { title: 'WAITING', of: ({ waiting }) => String(waiting) },
  { title: 'DELAYED', of: ({ delayed }) => String(delayed) },
  { title: 'ACTIVE', of: ({ active }) => String(active) },
  { title: 'COMPLETED', of: ({ completed }) => String(completed) },
  { title: 'PARKED', of: ({ parked }) => String(Object.values(parked).reduce((sum, count) => sum + count, 0)) },
  { title: 'PAUSED', of: ({ isPaused }) => (isPaused ? 'yes' : 'no') },
];

const listCommand: Command = {
  name: 'list',
  summary: 'counts what is in each queue that the application knows',
  operands: '',
  flags: {},
  prepare(flags, operands) {
    extraOperands(operands, 0, flags);
    return async ({ app, terminal }) => {
      const queues = app.get(Queues);
      const names = queues.names.toSorted();
      const states = await Promise.all(names.map(async (queue) => ({ queue, ...(await queues.counts(queue)) })));
      if (flags.has('json')) printJson(terminal, states);
      else for (const line of tableLines(states, COLUMNS, terminal.columns)) terminal.result(line);
      return 0;
    };
  },
};

const pauseCommand: Command = {
  name: 'pause',
  summary: 'hands nothing more out of a queue, in any process, until it is resumed; idempotent',
  operands: '<queue>',
  flags: {},
  prepare(flags, operands) {
    const queue = oneOperand('queue', operands, flags);
    return async ({ app, terminal }) => {
      await app.get(Queues).pause(queue);
      if (flags.has('json')) printJson(terminal, { queue, isPaused: true });
      else terminal.result(`${queue} is paused.`);
      return 0;
    };
  },
};

const resumeCommand: Command = {
  name: 'resume',
  summary: 'ends the pause of a queue; idempotent',
  operands: '<queue>',
  flags: {},
  prepare(flags, operands) {
    const queue = oneOperand('queue', operands, flags);
    return async ({ app, terminal }) => {
      await app.get(Queues).resume(queue);
      if (flags.has('json')) printJson(terminal, { queue, isPaused: false });
      else terminal.result(`${queue} is not paused.`);
      return 0;
    };
  },
};

const drainCommand: Command = {
  name: 'drain',
  summary: 'waits until nothing waits in a queue and nothing of it runs anywhere; what is delayed is not waited for',
  operands: '<queue>',
  flags: { timeout: { value: '<time>', help: 'how long at most, such as 90s; a minute where left out' } },
  prepare(flags, operands) {
    const queue = oneOperand('queue', operands, flags);
    const timeoutMs = flags.duration('timeout') ?? 60_000;
    return async ({ app, terminal }) => {
      const isEmpty = await app.get(Queues).drain(queue, { timeoutMs });
      if (flags.has('json')) printJson(terminal, { queue, isEmpty });
      else terminal.result(isEmpty ? `${queue} is empty.` : `${queue} is not empty yet.`);
      return isEmpty ? 0 : 1;
    };
  },
};

/** Everything about queues. */
export const queueCommands: CommandGroup = {
  name: 'queues',
  summary: 'counts what is in queues, pauses and resumes them',
  commands: [listCommand, pauseCommand, resumeCommand, drainCommand],
};
