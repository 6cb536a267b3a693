import { describe, expect, it } from '@jest/globals';
import { DeadLetters, Queues } from 'nestjs-dispatch';

import { runCommandLine } from '../../../lib/cli/command-line.js';
import { RecordedTerminal } from '../../unit/cli/recorded-terminal.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { QUEUED_MODES, startIn, type Mode } from '../run-modes/modes.js';
import { ChargeCard, CHARGING, CloseCard } from './charges.js';

/** An application, and a command line that works on it as it runs. */
async function startApplication(mode: Mode) {
  const application = await startIn(mode, { providers: CHARGING });
  const { app, queue = '' } = application;
  const commandLine = async (...args: readonly string[]) => {
    const terminal = new RecordedTerminal();
    const start = () => Promise.resolve({ get: app.get.bind(app), close: () => Promise.resolve() });
    const signal = new AbortController().signal;
    const exitCode = await runCommandLine(['--app', 'app.js', 'queues', ...args], { terminal, start, signal });
    return { exitCode, terminal, json: (): unknown => JSON.parse(terminal.output) };
  };
  return { ...application, queue, queues: app.get(Queues), letters: app.get(DeadLetters), commandLine };
}

describe.each(QUEUED_MODES)('the commands about queues, $name', (mode) => {
  it('pause, list, drain and resume one', async () => {
    const { queue, queues, letters, dispatcher, commandLine } = await startApplication(mode);
    await dispatcher.send(new CloseCard('one'));
    await until('the letter', async () => (await letters.count()) === 1);
    expect(await commandLine('pause', queue)).toMatchObject({
      exitCode: 0,
      terminal: { results: [`${queue} is paused.`] },
    });
    await dispatcher.send(new ChargeCard('two'));
    expect(await queues.counts(queue)).toMatchObject({ isPaused: true, waiting: 1 });
    const { terminal } = await commandLine('list');
    expect(terminal.results[0]).toMatch(/^QUEUE +WAITING +DELAYED +ACTIVE +COMPLETED +PARKED +PAUSED$/);
    expect(terminal.results[1]).toMatch(/^test-\S+… +1 +0 +0 +0 +1 +yes$/);
    expect(Math.max(...terminal.results.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect((await commandLine('list', '--json')).json()).toMatchObject([{ queue, waiting: 1, parked: { failed: 1 } }]);
    const waiting = await commandLine('drain', queue, '--timeout', '1ms', '--json');
    expect({ exitCode: waiting.exitCode, json: waiting.json() }).toEqual({
      exitCode: 1,
      json: { queue, isEmpty: false },
    });
    expect((await commandLine('resume', queue, '--json')).json()).toEqual({ queue, isPaused: false });
    expect(await commandLine('drain', queue)).toMatchObject({
      exitCode: 0,
      terminal: { results: [`${queue} is empty.`] },
    });
    expect(await letters.count()).toBe(2);
  });

  it('end with 1 for a queue that is not known, and name those there are', async () => {
    const { queue, commandLine } = await startApplication(mode);
    const { exitCode, terminal } = await commandLine('pause', 'nobodys');
    expect({ exitCode, told: terminal.told }).toEqual({ exitCode: 1, told: expect.stringContaining(queue) });
  });
});
