import { LetterViews } from '../../operations/letter-views.js';
import { DeadLetters } from '../../failures/dead-letters/dead-letters.js';
import type { Command } from '../command.js';
import { extraOperands, oneOperand } from '../input/operands.js';
import { printJson } from '../text/results.js';
import { FILTER_FLAGS, filterOf } from './filter-flags.js';
import { groupLines, letterLines, summaryLines } from './letter-lines.js';

/** The most letters that one page has. */
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 20;

/** Shows which dead letters there are. */
export const listCommand: Command = {
  name: 'list',
  summary: 'shows dead letters, the newest first',
  operands: '',
  flags: {
    ...FILTER_FLAGS,
    limit: { value: '<number>', help: `how many at most, from 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} where left out` },
    page: { value: '<page>', help: 'goes on where a list before has ended, which says how' },
  },
  prepare(flags, operands) {
    const filter = filterOf(flags) ?? {};
    const limit = flags.count('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT;
    const after = flags.text('page');
    extraOperands(operands, 0, flags);
    return async ({ app, terminal }) => {
      const page = await app.get(DeadLetters).list(filter, { limit, ...(after !== undefined && { after }) });
      const views = app.get(LetterViews);
      const letters = page.letters.map((letter) => views.view(letter));
      if (flags.has('json')) printJson(terminal, { letters, next: page.next });
      else {
        for (const line of letters.flatMap((letter) => summaryLines(letter, terminal.columns))) terminal.result(line);
        if (letters.length === 0) terminal.note('There is no dead letter of that kind.');
        if (page.next !== undefined) terminal.note(`There are more: add --page=${page.next}`);
      }
      return 0;
    };
  },
};

/** Shows why letters are dead. */
export const groupsCommand: Command = {
  name: 'groups',
  summary: 'counts dead letters by cause: error, where it was thrown, message',
  operands: '',
  flags: FILTER_FLAGS,
  prepare(flags, operands) {
    const filter = filterOf(flags) ?? {};
    extraOperands(operands, 0, flags);
    return async ({ app, terminal }) => {
      const groups = await app.get(DeadLetters).groups(filter);
      if (flags.has('json')) printJson(terminal, groups);
      else if (groups.length === 0) terminal.note('There is no dead letter of that kind.');
      else for (const line of groupLines(groups, terminal.columns)) terminal.result(line);
      return 0;
    };
  },
};

/** Shows one dead letter. */
export const showCommand: Command = {
  name: 'show',
  summary: 'shows all of one dead letter; sensitive fields are masked',
  operands: '<id>',
  flags: {},
  prepare(flags, operands) {
    const id = oneOperand('id', operands, flags);
    return async ({ app, terminal }) => {
      const letter = await app.get(DeadLetters).get(id);
      if (letter === undefined) {
        terminal.note(`There is no dead letter ${id}: it may have been replayed or discarded.`);
        return 1;
      }
      const view = app.get(LetterViews).view(letter);
      if (flags.has('json')) printJson(terminal, view);
      else for (const line of letterLines(view)) terminal.result(line);
      return 0;
    };
  },
};
