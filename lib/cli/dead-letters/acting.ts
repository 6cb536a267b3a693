import { errorFacts } from '../../common/dispatch-error.js';
import type { DeadLetterFilter } from '../../failures/dead-letters/dead-letter-filter.js';
import { DeadLetters, type DiscardReport, type ReplayReport } from '../../failures/dead-letters/dead-letters.js';
import type { Command, CommandRun, ExitCode } from '../command.js';
import type { GivenFlags } from '../input/flags.js';
import { extraOperands } from '../input/operands.js';
import { printJson } from '../text/results.js';
import { printable } from '../text/printable.js';
import { EDIT_FLAGS, editOf, typedEdit } from './edit-flags.js';
import { FILTER_FLAGS, filterOf } from './filter-flags.js';
import { counted, hasConsent, needsConsent, TARGET_FLAGS, targetOf, type Target } from './target.js';

const MAX_COUNT = 1_000_000_000;

/** Puts dead letters back into their queues. */
export const replayCommand: Command = {
  name: 'replay',
  summary: 'puts dead letters back into their queues, the oldest first',
  operands: '[id]',
  flags: {
    ...TARGET_FLAGS,
    ...EDIT_FLAGS,
    rate: { value: '<number>', help: 'at most so many in a second; as fast as it goes where left out' },
    limit: { value: '<number>', help: 'only the oldest so many' },
  },
  prepare(flags, operands, terminal) {
    const target = targetOf(flags, operands);
    const rate = flags.number('rate', { min: 0.001, max: MAX_COUNT });
    const limit = flags.count('limit', { min: 1, max: MAX_COUNT });
    const edit = typedEdit(flags, typeof target === 'string');
    needsConsent(target, flags, terminal);
    return async (run) => {
      const letters = run.app.get(DeadLetters);
      const count = async () => Math.min(limit ?? Infinity, await letters.count(filterOnly(target)));
      if (!(await mayGoOn('Replay', target, flags, run, count))) return 1;
      const report = await letters.replay(target, {
        dryRun: flags.has('dry-run'),
        signal: run.signal,
        ...(rate !== undefined && { ratePerSecond: rate }),
        ...(limit !== undefined && { limit }),
        ...(edit !== undefined && typeof target === 'string' && { edit: await editOf(target, edit, run) }),
      });
      const planned = Math.min(limit ?? Infinity, report.matched);
      return told(report, { past: 'Replayed', verb: 'replay', done: report.replayed, planned, flags, run });
    };
  },
};

/** Removes dead letters for good. */
export const discardCommand: Command = {
  name: 'discard',
  summary: 'removes dead letters for good',
  operands: '[id]',
  flags: { ...TARGET_FLAGS, reason: { value: '<text>', help: 'why, for those who read the notifications' } },
  prepare(flags, operands, terminal) {
    const target = targetOf(flags, operands);
    const reason = flags.text('reason') ?? flags.problem('Say why: --reason "...".') ?? '';
    needsConsent(target, flags, terminal);
    return async (run) => {
      const letters = run.app.get(DeadLetters);
      if (!(await mayGoOn('Discard', target, flags, run, () => letters.count(filterOnly(target))))) return 1;
      const report = await letters.discard(target, { reason, dryRun: flags.has('dry-run'), signal: run.signal });
      return told(report, { past: 'Discarded', verb: 'discard', done: report.discarded, flags, run });
    };
  },
};

/** Removes the dead letters that are too old. */
export const purgeCommand: Command = {
  name: 'purge',
  summary: 'removes the dead letters for good that were parked too long ago',
  operands: '',
  flags: {
    'older-than': { value: '<time>', help: 'how long ago, such as 12h or 30d' },
    ...FILTER_FLAGS,
    'dry-run': TARGET_FLAGS['dry-run'],
    yes: TARGET_FLAGS.yes,
  },
  prepare(flags, operands, terminal) {
    extraOperands(operands, 0, flags);
    if (!flags.has('older-than')) flags.problem('Say how old: --older-than 30d.');
    const olderThanMs = flags.duration('older-than') ?? 0;
    const filter = filterOf(flags) ?? {};
    needsConsent(filter, flags, terminal);
    return async (run) => {
      const letters = run.app.get(DeadLetters);
      const count = async () => (await letters.purge({ olderThanMs, filter, dryRun: true })).matched;
      if (!(await mayGoOn('Remove', filter, flags, run, count))) return 1;
      const report = await letters.purge({ olderThanMs, filter, dryRun: flags.has('dry-run'), signal: run.signal });
      return told(report, { past: 'Removed', verb: 'remove', done: report.discarded, flags, run });
    };
  },
};

function filterOnly(target: Target): DeadLetterFilter {
  return typeof target === 'string' ? {} : target;
}

/** Whether there is a letter of that id, or the person wants it done to many. */
async function mayGoOn(
  verb: string,
  target: Target,
  flags: GivenFlags,
  run: CommandRun,
  count: () => Promise<number>,
): Promise<boolean> {
  if (typeof target !== 'string') return hasConsent(verb, flags, run, count);
  if ((await run.app.get(DeadLetters).get(target)) !== undefined) return true;
  run.terminal.note(`There is no dead letter ${printable(target)}: it may have been replayed or discarded.`);
  return false;
}

/** How a report is told. */
interface Telling {
  readonly past: string;
  readonly verb: string;
  readonly done: number;
  /** To how many it would be done; all that are meant where left out. */
  readonly planned?: number;
  readonly flags: GivenFlags;
  readonly run: CommandRun;
}

function told(report: ReplayReport | DiscardReport, { past, verb, done, planned, flags, run }: Telling): ExitCode {
  const { matched, failed, isDryRun, isStopped } = report;
  const errors = report.errors.map(({ id, error }) => ({ id, error: errorFacts(error) }));
  for (const { id, error } of errors) run.terminal.note(printable(`${id}: ${error.message}`));
  if (errors.length < failed) run.terminal.note(`${failed - errors.length} more have failed.`);
  const following = 'following' in report ? report.following : 0;
  if (following > 0) run.terminal.note(`${following} follow by themselves, once the first of their key is handled.`);
  if (isStopped) run.terminal.note('It was stopped before all were at their turn.');
  if (flags.has('json')) {
    const shown = errors.map(({ id, error: { stack: _stack, ...facts } }) => ({ id, error: facts }));
    printJson(run.terminal, { ...report, errors: shown });
  } else if (isDryRun) run.terminal.result(`Would ${verb} ${counted(planned ?? matched)}.`);
  else run.terminal.result(`${past} ${done} of ${counted(matched)}.`);
  return failed > 0 || isStopped ? 1 : 0;
}
