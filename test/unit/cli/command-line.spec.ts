import { describe, expect, it } from '@jest/globals';

import { runCommandLine } from '../../../lib/cli/command-line.js';
import { RecordedTerminal } from './recorded-terminal.js';

const APP = ['--app', 'dist/app.module.js'];

/** Runs a command line whose application does not start. */
async function run(...args: string[]) {
  const terminal = new RecordedTerminal();
  const started: unknown[] = [];
  const exitCode = await runCommandLine(args, {
    terminal,
    signal: new AbortController().signal,
    start: (options) => {
      started.push(options);
      return Promise.reject(new RangeError('the store is \u001b[31mdown'));
    },
  });
  return { exitCode, terminal, started };
}

describe('a command line that is wrong', () => {
  it.each([
    [['dead-leters', 'list'], 'There is no command "dead-leters". Did you mean dead-letters?'],
    [
      ['sagas'],
      'There is no command "sagas": there are describe, queues, outbox, dead-letters, events, projections, migrate.',
    ],
    [['describe', 'a*'], '"a*" is no pattern for names'],
    [['describe', 'a', 'b'], '"b" is one word too many.'],
    [['queues', 'pause'], 'The queue is missing.'],
    [['queues', 'list', 'orders'], '"orders" is one word too many.'],
    [['queues', 'drain', 'orders', '--timeout', 'long'], '--timeout is "long", not a length of time'],
    [['events', 'read', 'a', 'b'], '"b" is one word too many.'],
    [['events', 'read', '--limit', '1001'], '--limit is "1001", not a number from 1 to 1000.'],
    [['events', 'read', 'order-1', '--name', 'placed'], '--name, --category and --position choose among all events'],
    [['events', 'read', '--version', '3'], '--version is about one stream: say which.'],
    [['events', 'tail', '--position', '-1'], 'one that begins with a dash is given as --position=-1.'],
    [['events', 'tail', 'order-1'], '"order-1" is one word too many.'],
    [['events', 'export', '--position', 'a'], '--position is "a", not a number from 0'],
    [['projections', 'rebuild'], 'The projection is missing.'],
    [['projections', 'reset', 'a'], 'nobody can be asked: give --yes, or use rebuild.'],
    [['projections', 'drop', 'a'], 'there are list, rebuild, reset, resume, retry.'],
    [['dead-letters'], 'Say what to do with dead-letters: list, groups, show, replay, discard, purge.'],
    [['dead-letters', 'lst'], 'There is no command of dead-letters "lst". Did you mean list?'],
    [['dead-letters', 'rep'], 'Did you mean replay?'],
    [['dead-letters', 'eat'], 'There is no command of dead-letters "eat": there are list, groups, show,'],
    [['dead-letters', 'list', '--quee', 'orders'], 'There is no flag --quee here. Did you mean --queue?'],
    [['dead-letters', 'list', '--colour'], 'There is no flag --colour here: there are --app,'],
    [['dead-letters', 'list', '-q'], 'There is no flag -q here'],
    [['dead-letters', 'list', '--rate', '3'], 'There is no flag --rate here'],
    [['dead-letters', 'list', '--constructor'], 'There is no flag --constructor here'],
    [['dead-letters', 'list', '--limit'], '--limit needs a value: <number>.'],
    [['dead-letters', 'list', '--queue='], '--queue needs a value: <name>.'],
    [['dead-letters', 'list', '--queue', '--json'], 'one that begins with a dash is given as --queue=--json.'],
    [['dead-letters', 'list', '--json=yes'], '--json takes no value.'],
    [['dead-letters', 'list', '--queue', 'a', '--queue', 'b'], '--queue is given twice.'],
    [['dead-letters', 'list', '--limit', 'ten'], '--limit is "ten", not a number from 1 to 1000.'],
    [['dead-letters', 'list', '--limit', '1.5'], '--limit is 1.5, not a whole number.'],
    [['dead-letters', 'list', '--limit', '0'], '--limit is "0", not a number from 1 to 1000.'],
    [['dead-letters', 'list', '--after', 'yesterday'], '--after is "yesterday", not a date such as'],
    [['dead-letters', 'list', '--after', '2026-13-01'], '--after is "2026-13-01", not a date such as'],
    [['dead-letters', 'list', 'orders'], '"orders" is one word too many.'],
    [['dead-letters', 'show'], 'The id is missing.'],
    [['dead-letters', 'show', '1', '2'], '"2" is one word too many.'],
    [['dead-letters', 'replay'], 'Say which: give an id, or flags such as --cause or --queue, or --all.'],
    [['dead-letters', 'replay', '1', '--all'], 'only one of the three.'],
    [['dead-letters', 'replay', '--all', '--queue', 'a', '--yes'], 'only one of the three.'],
    [['dead-letters', 'replay', '--all'], 'nobody can be asked: give --yes, or --dry-run to look first.'],
    [['dead-letters', 'replay', '--all', '--yes', '--payload', '-'], '--header and --payload change one letter'],
    [['dead-letters', 'replay', '1', '--header', 'tenant'], '--header is "tenant", not <name>=<value>.'],
    [['dead-letters', 'replay', '1', '--rate', '0'], '--rate is "0", not a number from 0.001'],
    [['dead-letters', 'discard', '1'], 'Say why: --reason "...".'],
    [['dead-letters', 'discard', '--all', '--reason', 'old'], 'nobody can be asked: give --yes'],
    [['dead-letters', 'purge', '--yes'], 'Say how old: --older-than 30d.'],
    [['dead-letters', 'purge', '--yes', '--older-than', '30'], '--older-than is "30", not a length of time such as'],
    [['dead-letters', 'purge', '--older-than', '30d'], 'nobody can be asked: give --yes'],
  ])('is told what is wrong and ends with 2 before anything is started: %j', async (args, text) => {
    const { exitCode, terminal, started } = await run(...APP, ...args);
    expect({ exitCode, started, results: terminal.results }).toEqual({ exitCode: 2, started: [], results: [] });
    expect(terminal.told).toContain(text);
    expect(terminal.told).toContain('--help');
  });

  it('is told everything that is wrong at once (DISPATCH_COMMAND_USAGE)', async () => {
    const { exitCode, terminal } = await run('dead-letters', 'discard', '--limit=3', '--quee', 'x');
    expect(exitCode).toBe(2);
    expect(terminal.told.split('\n')).toHaveLength(3);
    const { terminal: other } = await run('dead-letters', 'discard', '--after', 'x');
    expect(other.told.split('\n')).toEqual([
      'Say which application it is: --app dist/app.module.js.',
      expect.stringContaining('--after is "x"'),
      'Say why: --reason "...".',
      expect.stringContaining('nobody can be asked'),
      'Read how it is meant with: npx nestjs-dispatch dead-letters discard --help',
    ]);
  });
});

describe('help', () => {
  it.each([[[]], [['--help']], [['dead-letters', '--help']], [['--help', 'dead-letters']]])(
    'lists the commands in 80 columns and ends with 0: %j',
    async (args) => {
      const { exitCode, terminal } = await run(...args);
      expect({ exitCode, notes: terminal.notes }).toEqual({ exitCode: 0, notes: [] });
      expect(terminal.output).toContain('dead-letters');
      expect(Math.max(...terminal.results.map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );

  it.each(['list', 'groups', 'show', 'replay', 'discard', 'purge'])(
    'of dead-letters %s names its flags in 80 columns, whatever else is wrong',
    async (name) => {
      const { exitCode, terminal } = await run('dead-letters', name, '--help', '--limit', 'none');
      expect(exitCode).toBe(0);
      expect(terminal.output).toContain(`npx nestjs-dispatch --app <file> dead-letters ${name}`);
      expect(terminal.output).toContain('--app <file>');
      expect(Math.max(...terminal.results.map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );

  it('of an unknown command says that there is none', async () => {
    const { exitCode, terminal } = await run('dead-letters', 'lists', '--help');
    expect({ exitCode, told: terminal.told }).toEqual({
      exitCode: 2,
      told: expect.stringContaining('Did you mean list?'),
    });
  });
});

describe('an application that does not start', () => {
  it('is told of on the error output, without control characters, and ends with 1', async () => {
    const { exitCode, terminal, started } = await run('dead-letters', 'list', ...APP, '--module', 'Main');
    expect(started).toEqual([{ file: 'dist/app.module.js', module: 'Main', isVerbose: false }]);
    expect({ exitCode, results: terminal.results }).toEqual({ exitCode: 1, results: [] });
    expect(terminal.notes).toEqual(['the store is \\x1b[31mdown']);
  });

  it('shows the stack with --verbose', async () => {
    const { terminal } = await run('dead-letters', 'list', ...APP, '--verbose');
    expect(terminal.told).toMatch(/^RangeError: the store is \\x1b\[31mdown\n +at /);
  });
});
