import { namePattern, namePatternProblem } from '../../common/name-pattern.js';
import { DispatchStages } from '../../wiring/stages.js';
import { Dispatcher } from '../../dispatcher/dispatcher.js';
import type { Explanation } from '../../dispatcher/queued/explanation.js';
import { Queues } from '../../run-modes/queue/queues.js';
import type { QueueSettings } from '../../run-modes/queue/queue-settings.js';
import type { Command, CommandRun } from '../command.js';
import { extraOperands } from '../input/operands.js';
import { printJson } from '../text/results.js';
import { tableLines } from '../text/text-table.js';

/** Shows what the application would do with its messages. Asks no store, though one that is down keeps it from starting. */
export const describeCommand: Command = {
  name: 'describe',
  summary: 'shows the handlers of each message, where they run and why, what decides about failures, and the queues',
  operands: '[message]',
  flags: {},
  prepare(flags, operands) {
    extraOperands(operands, 1, flags);
    const [pattern = '#'] = operands;
    const problem = namePatternProblem(pattern);
    if (problem !== undefined) flags.problem(`${problem}.`);
    return (run) => {
      const messages = explanations(run, pattern);
      const queues = queuesOf(run, messages, pattern === '#');
      if (messages.length === 0) {
        run.terminal.note(`Nothing handles a message ${pattern} in this application.`);
        return Promise.resolve(1);
      }
      if (flags.has('json')) printJson(run.terminal, { messages, queues });
      else
        for (const line of [...messages.flatMap((each) => [String(each), '']), ...queueLines(queues, run)])
          run.terminal.result(line);
      return Promise.resolve(0);
    };
  },
};

/** By name; a class that handles events and commands of one name cannot be. */
function explanations({ app }: CommandRun, pattern: string): readonly Explanation[] {
  const dispatcher = app.get(Dispatcher);
  const fits = namePattern(pattern);
  const all = [...app.get(DispatchStages).registry.entries()].map(([, target]) => dispatcher.explain(target));
  const found = all.filter(({ messageName }) => fits(messageName));
  return found.toSorted((one, other) => (one.messageName < other.messageName ? -1 : 1));
}

/** All queues, or those that the messages go through. */
function queuesOf({ app }: CommandRun, messages: readonly Explanation[], isAll: boolean): readonly QueueSettings[] {
  const queues = app.get(Queues);
  const used = new Set(messages.flatMap(({ handlers }) => handlers.flatMap(({ queue }) => queue ?? [])));
  if (used.size === 0) return [];
  return queues.names
    .filter((name) => isAll || used.has(name))
    .toSorted()
    .map((name) => queues.settings(name));
}

function queueLines(queues: readonly QueueSettings[], { terminal }: CommandRun): readonly string[] {
  if (queues.length === 0) return [];
  return tableLines(
    queues,
    [
      { title: 'QUEUE', of: ({ name }) => name, canShrink: true },
      { title: 'AT ONCE HERE', of: ({ concurrency }) => String(concurrency) },
      { title: 'IN ALL', of: ({ globalConcurrency }) => String(globalConcurrency ?? 'any') },
      { title: 'ATTEMPTS', of: ({ maxAttempts }) => String(maxAttempts) },
      { title: 'SEQUENCED', of: ({ sequenced }) => (sequenced ? 'yes' : 'no') },
    ],
    terminal.columns,
  );
}
