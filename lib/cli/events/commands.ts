import { EventSourcing } from '../../event-store/event-sourcing.js';
import type { EventStore, StoredEvent } from '../../event-store/event-store.port.js';
import { followPages, pagesOfAll, pagesOfStream } from '../../event-store/reading/pages.js';
import { LetterViews } from '../../operations/letter-views.js';
import type { Command, CommandGroup, CommandRun } from '../command.js';
import type { GivenFlags } from '../input/flags.js';
import { extraOperands } from '../input/operands.js';
import { printJson } from '../text/results.js';
import { choiceOf, EVENT_FLAGS, type EventChoice } from './event-flags.js';
import { eventLines, eventView } from './event-lines.js';

/** The most events that one page has. */
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 20;

const readCommand: Command = {
  name: 'read',
  summary: 'shows events of a stream, or of all, in their order; sensitive fields are masked',
  operands: '[stream]',
  flags: {
    ...EVENT_FLAGS,
    limit: { value: '<number>', help: `how many at most, from 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} where left out` },
    version: { value: '<number>', help: 'only events of the stream from this version on' },
  },
  prepare(flags, operands) {
    extraOperands(operands, 1, flags);
    const [stream] = operands;
    const choice = choiceOf(flags);
    const limit = flags.count('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT;
    const from = flags.count('version', { min: 1, max: Number.MAX_SAFE_INTEGER });
    if (stream !== undefined && ['name', 'category', 'position'].some((name) => flags.has(name))) {
      flags.problem('--name, --category and --position choose among all events: leave the stream out, or those.');
    }
    if (stream === undefined && from !== undefined) flags.problem('--version is about one stream: say which.');
    return async (run) => {
      const store = storeOf(run);
      const pages =
        stream === undefined ? pagesFrom(store, choice, limit) : pagesOfStream(store, stream, { from, limit });
      const shown = await collected(pages);
      const views = run.app.get(LetterViews);
      if (flags.has('json'))
        printJson(
          run.terminal,
          shown.map((event) => eventView(event, views)),
        );
      else for (const event of shown) print(event, flags, run);
      if (shown.length === 0) run.terminal.note('There is no event of that kind.');
      const last = shown.at(-1);
      if (shown.length === limit && last !== undefined) {
        const next = stream === undefined ? `--position=${last.position}` : `--version=${last.version + 1}`;
        run.terminal.note(`There may be more: add ${next}`);
      }
      return 0;
    };
  },
};

const tailCommand: Command = {
  name: 'tail',
  summary: 'shows events as they come, until Ctrl-C, with --json each as a document on a line of its own',
  operands: '',
  flags: EVENT_FLAGS,
  prepare(flags, operands) {
    extraOperands(operands, 0, flags);
    const { filter, position = 'end' } = choiceOf(flags);
    return async (run) => {
      const { signal } = run;
      for await (const { events } of followPages(storeOf(run), { ...filter, afterPosition: position, signal })) {
        for (const event of events) print(event, flags, run);
      }
      return 0;
    };
  },
};

const exportCommand: Command = {
  name: 'export',
  summary:
    'prints all events as they are stored, sensitive fields too: each as JSON on a line, or with --json as one list',
  operands: '',
  flags: EVENT_FLAGS,
  prepare(flags, operands) {
    extraOperands(operands, 0, flags);
    const choice = choiceOf(flags);
    return async (run) => {
      const { terminal, signal } = run;
      const isList = flags.has('json');
      let before: string | undefined;
      if (isList) terminal.result('[');
      for await (const events of pagesFrom(storeOf(run), choice, undefined)) {
        if (signal.aborted) break;
        for (const event of events) {
          if (before !== undefined) terminal.result(isList ? `${before},` : before);
          before = JSON.stringify(event);
        }
      }
      if (before !== undefined) terminal.result(before);
      if (isList) terminal.result(']');
      if (signal.aborted) terminal.note('It was stopped before all were printed.');
      return signal.aborted ? 1 : 0;
    };
  },
};

/** Everything about events that are stored. */
export const eventCommands: CommandGroup = {
  name: 'events',
  summary: 'shows the events of the event store, and prints them for other programs',
  commands: [readCommand, tailCommand, exportCommand],
};

function storeOf({ app }: CommandRun): EventStore<unknown> {
  return app.get(EventSourcing).knownStore();
}

function pagesFrom(store: EventStore<unknown>, { filter, position }: EventChoice, limit: number | undefined) {
  return pagesOfAll(store, { ...filter, afterPosition: position, limit });
}

function print(event: StoredEvent, flags: GivenFlags, { app, terminal }: CommandRun): void {
  const view = eventView(event, app.get(LetterViews));
  if (flags.has('json')) terminal.result(JSON.stringify(view));
  else for (const line of eventLines(view, terminal.columns)) terminal.result(line);
}

async function collected(pages: AsyncIterable<readonly StoredEvent[]>): Promise<readonly StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
