import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { DeadLetterDiscardedNotification, DeadLetters, type QueueOptions } from 'nestjs-dispatch';

import { runCommandLine } from '../../../lib/cli/command-line.js';
import { RecordedTerminal, type TypedText } from '../../unit/cli/recorded-terminal.js';
import { collect, until } from '../../unit/run-modes/queued-application.js';
import { QUEUED_MODES, startIn, type Mode } from '../run-modes/modes.js';
import { Bank, ChargeCard, CHARGING, CloseCard, parkCharges } from './charges.js';

/** An application, and a command line that works on it as it runs. */
async function startApplication(mode: Mode, settings: QueueOptions = {}) {
  const application = await startIn(mode, { providers: CHARGING, settings });
  const { app } = application;
  const letters = app.get(DeadLetters);
  const bank = app.get(Bank);
  const commandLine = async (args: readonly string[], typed?: TypedText) => {
    const terminal = new RecordedTerminal(typed);
    const start = () => Promise.resolve({ get: app.get.bind(app), close: () => Promise.resolve() });
    const exitCode = await runCommandLine(['--app', 'app.js', 'dead-letters', ...args], {
      ...{ terminal, start, signal: new AbortController().signal },
    });
    return { exitCode, terminal, json: (): unknown => JSON.parse(terminal.output) };
  };
  return { ...application, letters, bank, commandLine };
}

describe.each(QUEUED_MODES)('the commands about dead letters, $name', (mode) => {
  it('list shows each id whole and the rest in 80 columns, the newest first, without control characters', async () => {
    const application = await startApplication(mode);
    const [first, second] = await parkCharges(application, 'one', 'x'.repeat(200));
    const { exitCode, terminal } = await application.commandLine(['list']);
    expect({ exitCode, notes: terminal.notes }).toEqual({ exitCode: 0, notes: [] });
    expect(terminal.results.filter((line) => !line.startsWith(' '))).toEqual([second?.id, first?.id]);
    expect(Math.max(...terminal.results.filter((line) => line.startsWith(' ')).map((line) => line.length))).toBe(80);
    expect(terminal.output).toContain('BankError: no answer\\x1b[31m about one');
    expect(terminal.output).toContain('ChargeCardHandler, 1 attempt');
  });

  it('list narrows by each flag, and says where nothing fits', async () => {
    const application = await startApplication(mode);
    const [letter] = await parkCharges(application, 'one', 'two');
    const correlationId = letter?.message?.headers.correlationId ?? '';
    const ids = async (...flags: string[]) => {
      const { json } = await application.commandLine(['list', '--json', ...flags]);
      return (json() as { letters: { id: string }[] }).letters.map(({ id }) => id);
    };
    expect(await ids('--correlation-id', correlationId, '--queue', application.queue ?? '')).toEqual([letter?.id]);
    expect(await ids('--text', 'about ONE', '--message', 'cards.*', '--error', 'BankError')).toEqual([letter?.id]);
    expect(await ids('--place', 'failed', '--handler', 'ChargeCardHandler', '--after', '1h')).toHaveLength(2);
    expect(await ids('--cause', letter?.cause ?? '', '--after', '2020-01-01T00:00:00Z')).toHaveLength(2);
    for (const flags of [
      ['--before', '2020-01-01'],
      ['--label', 'a'],
      ['--code', 'a'],
      ['--key', 'a'],
      ['--tag', 'a'],
    ])
      expect(await ids(...flags)).toEqual([]);
    const { exitCode, terminal } = await application.commandLine(['list', '--code', 'A']);
    expect({ exitCode, results: terminal.results }).toEqual({ exitCode: 0, results: [] });
    expect(terminal.notes).toEqual(['There is no dead letter of that kind.']);
  });

  it('list goes on page by page', async () => {
    const application = await startApplication(mode);
    const [first, second] = await parkCharges(application, 'one', 'two');
    const { terminal } = await application.commandLine(['list', '--limit', '1']);
    const [, page = ''] = /add (--page=\S+)$/.exec(terminal.told) ?? [];
    expect(terminal.results[0]).toBe(second?.id);
    const next = await application.commandLine(['list', '--limit', '1', page]);
    expect({ first: next.terminal.results[0], notes: next.terminal.notes }).toEqual({ first: first?.id, notes: [] });
  });

  it.each([
    ['a place that does not exist', ['--place', 'nowhere'], 'place "nowhere"'],
    ['a pattern that is none', ['--message', 'a*'], 'is no pattern'],
    ['a page that is none', ['--page', 'x'], 'not the "next" of a page'],
  ])('list of %s ends with 2', async (_what, flags, text) => {
    const { commandLine } = await startApplication(mode);
    const { exitCode, terminal } = await commandLine(['list', ...flags]);
    expect({ exitCode, results: terminal.results }).toEqual({ exitCode: 2, results: [] });
    expect(terminal.told).toContain(text);
  });

  it('groups counts by cause in 80 columns, with where the error was thrown', async () => {
    const application = await startApplication(mode);
    const [letter] = await parkCharges(application, 'one', 'two');
    await application.dispatcher.send(new CloseCard('one'));
    await until('three letters', async () => (await application.letters.count()) === 3);
    const { exitCode, terminal, json } = await application.commandLine(['groups', '--json']);
    expect(exitCode).toBe(0);
    expect(json()).toMatchObject([
      { cause: letter?.cause, count: 2, error: 'BankError', message: 'cards.charge' },
      { count: 1, error: 'TypeError', message: 'cards.close' },
    ]);
    expect(terminal.results).toHaveLength(1);
    const { terminal: table } = await application.commandLine(['groups']);
    expect(table.results[0]).toMatch(/^CAUSE +COUNT +LAST +MESSAGE +ERROR$/);
    expect(table.results[1]).toMatch(new RegExp(`^${letter?.cause} +2 +\\S+Z +cards\\.charge +Bank`));
    expect(table.output).toContain('charges.ts');
    expect(Math.max(...table.results.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('show tells all of a letter, what is sensitive masked', async () => {
    const application = await startApplication(mode);
    const [letter] = await parkCharges(application, 'one');
    const { exitCode, terminal } = await application.commandLine(['show', letter?.id ?? '']);
    expect(exitCode).toBe(0);
    for (const text of [
      'cards.charge, version 1, command',
      'tenant: acme',
      '"pin": "[redacted]"',
      'stack:',
      '"card": "one"',
    ])
      expect(terminal.output).toContain(text);
    expect(terminal.output).not.toContain('pin of one');
    expect(terminal.output).not.toContain('\u001b');
    const { json } = await application.commandLine(['show', letter?.id ?? '', '--json']);
    expect(json()).toMatchObject({
      id: letter?.id,
      message: { payload: { card: 'one', pin: '[redacted]' } },
      attempts: 1,
    });
  });

  it.each([['show'], ['replay'], ['replay', '--dry-run'], ['discard', '--reason', 'x']])(
    'ends with 1 for an id that is not there: %j %j %j',
    async (...args) => {
      const { commandLine } = await startApplication(mode);
      const { exitCode, terminal } = await commandLine([...args, 'nobody']);
      expect({ exitCode, results: terminal.results }).toEqual({ exitCode: 1, results: [] });
      expect(terminal.told).toContain('There is no dead letter nobody');
    },
  );

  it('replay puts one letter back, and ends with 1 when it is asked for again', async () => {
    const application = await startApplication(mode);
    const [letter] = await parkCharges(application, 'one', 'two');
    application.bank.isUp = true;
    const { exitCode, terminal } = await application.commandLine(['replay', letter?.id ?? '']);
    expect({ exitCode, output: terminal.output }).toEqual({ exitCode: 0, output: 'Replayed 1 of 1 dead letter.' });
    await until('the charge', () => application.bank.charged.length === 1);
    expect(application.bank.charged).toEqual([{ card: 'one', amount: 1, pin: 'pin of one', tenant: 'acme' }]);
    expect((await application.commandLine(['replay', letter?.id ?? ''])).exitCode).toBe(1);
    expect(await application.letters.count()).toBe(1);
  });

  it('replay changes headers and payload first, what was masked put back', async () => {
    const application = await startApplication(mode);
    const [letter] = await parkCharges(application, 'one');
    const { json } = await application.commandLine(['show', letter?.id ?? '', '--json']);
    const { payload } = (json() as { message: { payload: object } }).message;
    application.bank.isUp = true;
    const folder = mkdtempSync(path.join(tmpdir(), 'payload-'));
    try {
      const file = path.join(folder, 'payload.json');
      writeFileSync(file, JSON.stringify({ ...payload, amount: 5 }));
      const args = ['replay', letter?.id ?? '', '--payload', file, '--header', 'tenant=blue=sky'];
      expect((await application.commandLine(args)).exitCode).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
    await until('the charge', () => application.bank.charged.length === 1);
    expect(application.bank.charged).toEqual([{ card: 'one', amount: 5, pin: 'pin of one', tenant: 'blue=sky' }]);
  });

  it.each([
    ['is no JSON', '-', '{', 'The payload in the standard input is no JSON.'],
    ['cannot be read', '/nowhere/payload.json', '', 'The payload cannot be read'],
    ['is masked where nothing is stored', '-', '{"cvc":"[redacted]"}', 'nothing is stored: cvc'],
  ])('replay with a payload that %s ends with 2 and replays nothing', async (_what, file, input, text) => {
    const application = await startApplication(mode);
    const [letter] = await parkCharges(application, 'one');
    const { exitCode, terminal } = await application.commandLine(['replay', letter?.id ?? '', '--payload', file], {
      input,
    });
    expect({ exitCode, told: terminal.told }).toEqual({ exitCode: 2, told: expect.stringContaining(text) });
    expect(await application.letters.count()).toBe(1);
  });

  it('replay of many is done by cause, at a rate, oldest first, with its counts as JSON', async () => {
    const application = await startApplication(mode);
    const [letter] = await parkCharges(application, 'one', 'two', 'three');
    const dry = await application.commandLine(['replay', '--cause', letter?.cause ?? '', '--limit', '2', '--dry-run']);
    expect(dry.terminal.results).toEqual(['Would replay 2 dead letters.']);
    expect(await application.letters.count()).toBe(3);
    application.bank.isUp = true;
    const args = ['replay', '--cause', letter?.cause ?? '', '--limit', '2', '--rate', '50', '--yes', '--json'];
    const { exitCode, json } = await application.commandLine(args);
    expect(exitCode).toBe(0);
    expect(json()).toMatchObject({ matched: 3, replayed: 2, failed: 0, errors: [], isDryRun: false });
    await until('two charges', () => application.bank.charged.length === 2);
    expect(application.bank.charged.map(({ card }) => card)).toEqual(['one', 'two']);
  });

  it('replay of a key that is sequenced tells how many follow the first', async () => {
    const application = await startApplication(mode, { sequenced: true });
    for (const card of ['one', 'two', 'three']) await application.dispatcher.send(new ChargeCard(card), { key: 'k' });
    await until('all to be parked', async () => (await application.letters.count()) === 3);
    application.bank.isUp = true;
    const { exitCode, terminal } = await application.commandLine(['replay', '--key', 'k', '--yes']);
    expect({ exitCode, results: terminal.results }).toEqual({
      exitCode: 0,
      results: ['Replayed 1 of 3 dead letters.'],
    });
    expect(terminal.told).toContain('2 follow by themselves');
    await until('all to be charged', () => application.bank.charged.length === 3);
    expect(application.bank.charged.map(({ card }) => card)).toEqual(['one', 'two', 'three']);
  });

  it('replay of many asks first, and does nothing where the answer is not yes', async () => {
    const application = await startApplication(mode);
    await parkCharges(application, 'one', 'two');
    const { exitCode, terminal } = await application.commandLine(['replay', '--all'], { answer: 'n' });
    expect(exitCode).toBe(1);
    expect(terminal).toMatchObject({
      questions: ['Replay 2 dead letters? [y/N] '],
      results: [],
      notes: ['Nothing was done.'],
    });
    expect(await application.letters.count()).toBe(2);
    application.bank.isUp = true;
    expect((await application.commandLine(['replay', '--all'], { answer: 'Yes' })).exitCode).toBe(0);
    await until('two charges', () => application.bank.charged.length === 2);
  });

  it('discard removes one or many and tells the reason', async () => {
    const application = await startApplication(mode);
    const discarded = collect(application, DeadLetterDiscardedNotification);
    const [letter] = await parkCharges(application, 'one', 'two', 'three');
    const one = await application.commandLine(['discard', letter?.id ?? '', '--reason', 'a test card']);
    expect(one.terminal.results).toEqual(['Discarded 1 of 1 dead letter.']);
    const dry = await application.commandLine(['discard', '--all', '--reason', 'x', '--dry-run']);
    expect(dry.terminal.results).toEqual(['Would discard 2 dead letters.']);
    const rest = await application.commandLine(['discard', '--all', '--reason', 'all tests'], { answer: 'y' });
    expect(rest.terminal).toMatchObject({
      questions: ['Discard 2 dead letters? [y/N] '],
      results: ['Discarded 2 of 2 dead letters.'],
    });
    expect(await application.letters.count()).toBe(0);
    await until('three notifications', () => discarded.length === 3);
    expect(discarded.map(({ reason }) => reason)).toEqual(['a test card', 'all tests', 'all tests']);
  });

  it('purge removes what is older', async () => {
    const application = await startApplication(mode);
    await parkCharges(application, 'one', 'two');
    const young = await application.commandLine(['purge', '--older-than', '1d', '--yes']);
    expect(young.terminal.results).toEqual(['Removed 0 of 0 dead letters.']);
    const dry = await application.commandLine(['purge', '--older-than', '0ms', '--text', 'about one', '--dry-run']);
    expect(dry.terminal.results).toEqual(['Would remove 1 dead letter.']);
    const { exitCode, terminal } = await application.commandLine(['purge', '--older-than', '0ms'], { answer: 'y' });
    expect({ exitCode, questions: terminal.questions }).toEqual({
      exitCode: 0,
      questions: ['Remove 2 dead letters? [y/N] '],
    });
    expect(await application.letters.count()).toBe(0);
  });
});
