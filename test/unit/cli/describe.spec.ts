import { describe, expect, it } from '@jest/globals';
import { Command, CommandHandler, deadLetter, Event, Message, OnError, RunMode } from 'nestjs-dispatch';

import { runCommandLine } from '../../../lib/cli/command-line.js';
import { start, type Setup } from '../dispatcher/application.js';
import { eventHandler } from '../dispatcher/handlers.js';
import { startQueued } from '../run-modes/queued-application.js';
import { RecordedTerminal } from './recorded-terminal.js';

@Message('cards.charge')
class ChargeCard extends Command {}

@Message('cards.charged')
class CardCharged extends Event {}

@OnError(TypeError, deadLetter('bank'))
@CommandHandler(ChargeCard, { queue: 'cards' })
class ChargeCardHandler {
  execute(): void {}
}

const providers = [
  ChargeCardHandler,
  eventHandler(CardCharged, () => {}, { runMode: RunMode.Sync, name: 'Mailer' }),
  eventHandler(CardCharged, () => {}, { runMode: RunMode.Sync, name: 'Report' }),
];

async function describeMessages(setup: Setup, ...args: readonly string[]) {
  const { app } = setup.options === undefined ? await start(setup) : await startQueued(setup);
  const terminal = new RecordedTerminal();
  const exitCode = await runCommandLine(['describe', '--app', 'app.js', ...args], {
    terminal,
    signal: new AbortController().signal,
    start: () => Promise.resolve({ get: app.get.bind(app), close: () => Promise.resolve() }),
  });
  return { exitCode, terminal };
}

const queued: Setup = {
  providers,
  options: { queues: { each: { cards: { concurrency: 7, globalConcurrency: 9, sequenced: true } } } },
};

describe('the command describe', () => {
  it('shows every message, its handlers, where they run, what decides about failures, and the queues', async () => {
    const { exitCode, terminal } = await describeMessages(queued);
    expect(exitCode).toBe(0);
    expect(terminal.output).toMatch(/^command "cards\.charge":\n {2}ChargeCardHandler: RunMode\.Async .*"cards"/);
    expect(terminal.output).toMatch(/where it fails: .*TypeError.*bank/);
    expect(terminal.output).toMatch(
      /event "cards\.charged":\n {2}Mailer: RunMode\.Sync .*\n(?:.*\n)* {2}Report: RunMode\.Sync/,
    );
    expect(terminal.output).toMatch(
      /\nQUEUE +AT ONCE HERE +IN ALL +ATTEMPTS +SEQUENCED\ncards +7 +9 +4 +yes\ndefault +1 +any +4 +no$/,
    );
  });

  it('shows one message and the queues it goes through, as JSON too', async () => {
    const { terminal } = await describeMessages(queued, 'cards.charge', '--json');
    expect(JSON.parse(terminal.output)).toMatchObject({
      messages: [{ messageName: 'cards.charge', handlers: [{ handler: 'ChargeCardHandler', queue: 'cards' }] }],
      queues: [{ name: 'cards', concurrency: 7 }],
    });
  });

  it('shows no queues where there are none', async () => {
    const { exitCode, terminal } = await describeMessages({ providers: [providers[1] ?? Object] }, 'cards.*');
    expect({ exitCode, output: terminal.output }).toEqual({
      exitCode: 0,
      output: expect.not.stringContaining('QUEUE'),
    });
  });

  it('ends with 1 where nothing handles such a message', async () => {
    const { exitCode, terminal } = await describeMessages(queued, 'orders.*');
    expect({ exitCode, results: terminal.results }).toEqual({ exitCode: 1, results: [] });
    expect(terminal.told).toBe('Nothing handles a message orders.* in this application.');
  });
});
