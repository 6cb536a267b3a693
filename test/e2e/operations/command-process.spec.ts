import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DeadLetters, Queues, type DeadLetter } from 'nestjs-dispatch';

import { BuiltPackage } from '../../regression/built-package.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { newQueue, SHARED_MODES, startIn, type Mode } from '../run-modes/modes.js';
import { Bank, ChargeCard, CHARGING, parkCharges } from './charges.js';

const TIMEOUT_MS = 120_000;

/** The root module of the application, as it is deployed: a worker with HTTP elsewhere, which logs and prints as it starts. */
const APP_MODULE = `
import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger, Module } from '@nestjs/common';
import { CommandHandler, DispatchModule, Message, RunMode, Sensitive } from 'nestjs-dispatch';
import { bullmq, bullmqPostgres } from 'nestjs-dispatch/bullmq';

console.log('printed as the file is loaded');
const { QUEUE, STORE, TEST_REDIS_URL, TEST_POSTGRES_URL } = process.env;
const queue = STORE === 'BullMQ on Redis'
  ? bullmq({ connection: TEST_REDIS_URL, prefix: 'test-modes' })
  : bullmqPostgres({ connection: TEST_POSTGRES_URL, schema: 'test_modes', migrate: true });

class ChargeCard {}
Message('cards.charge')(ChargeCard);
Sensitive()(ChargeCard.prototype, 'pin');

class ChargeCardHandler {
  execute() { process.stderr.write('HANDLED BY THE COMMAND LINE'); }
}
CommandHandler(ChargeCard)(ChargeCardHandler);

class Starting {
  async onApplicationBootstrap() {
    new Logger('Starting').warn('logged as it starts');
    console.log('printed as it starts');
    // A worker would have begun before this, and have the time to handle what waits.
    if (process.env.LINGER_MS) await setTimeout(Number(process.env.LINGER_MS));
  }
}
Injectable()(Starting);

export class AppModule {}
Module({
  imports: [DispatchModule.forRoot({ queue, role: 'work', runMode: RunMode.Async, queues: { default: QUEUE } })],
  providers: [ChargeCardHandler, Starting],
})(AppModule);
`;

const FILES = {
  'app.module.mjs': APP_MODULE,
  'several.mjs': `export { AppModule, AppModule as OtherModule } from './app.module.mjs'; export const limit = 3;`,
  'main-export.mjs': `import { AppModule } from './app.module.mjs'; export class Rest {}; export default AppModule;`,
  'common.cjs': `const { Module } = require('@nestjs/common');
    const { DispatchModule } = require('nestjs-dispatch');
    const { bullmq } = require('nestjs-dispatch/bullmq');
    exports.AppModule = class AppModule {};
    const queue = bullmq({ connection: process.env.TEST_REDIS_URL, prefix: 'test-modes' });
    Module({ imports: [DispatchModule.forRoot({ queue, queues: { default: process.env.QUEUE } })] })(exports.AppModule);`,
  'memory.mjs': `import { DispatchModule, inMemoryQueue } from 'nestjs-dispatch';
    export const app = DispatchModule.forRoot({ queue: inMemoryQueue() });`,
  'down.mjs': `import { DispatchModule } from 'nestjs-dispatch';
    import { bullmq } from 'nestjs-dispatch/bullmq';
    export const app = DispatchModule.forRoot({ queue: bullmq({ connection: 'redis://127.0.0.1:1', connectTimeoutMs: 500 }) });`,
  'no-queue.mjs': `import { DispatchModule } from 'nestjs-dispatch'; export const app = DispatchModule.forRoot();`,
  'no-dispatch.mjs': `import { Module } from '@nestjs/common'; export class AppModule {}; Module({ imports: [] })(AppModule);`,
  'no-module.mjs': `export class AppModule {}; export const limit = 3;`,
  'broken.mjs': `throw new RangeError('out of range');`,
};

let built: BuiltPackage;

beforeAll(() => {
  built = new BuiltPackage();
  built.write(FILES);
}, TIMEOUT_MS);

afterAll(() => built.remove());

/** The application that has the messages, and the command line beside it in processes of its own. */
async function startBoth(mode: Mode, options?: { readonly role: 'send' }) {
  const queue = newQueue();
  const application = await startIn(mode, { queue, providers: CHARGING, ...(options && { options }) });
  const env = { STORE: mode.name, QUEUE: queue, LINGER_MS: options === undefined ? '' : '1000' };
  const command = (args: readonly string[], input?: string) =>
    built.command(['--app', 'app.module.mjs', 'dead-letters', ...args], { env, ...(input !== undefined && { input }) });
  return { ...application, command, letters: application.app.get(DeadLetters), bank: application.app.get(Bank) };
}

describe.each(SHARED_MODES)('the command line in a process of its own, $name', (mode) => {
  it('prints one JSON document to the standard output, and all logs to the standard error', async () => {
    const application = await startBoth(mode);
    const [letter] = await parkCharges(application, 'one');
    const { exitCode, stdout, stderr } = await application.command(['list', '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      letters: [{ id: letter?.id, message: { payload: { pin: '[redacted]' } } }],
    });
    expect(stderr).toContain('printed as the file is loaded');
    expect(stderr).toContain('printed as it starts');
    expect(stderr).toContain('logged as it starts');
  });

  it('finds, groups, shows, replays, discards and purges what another process has parked', async () => {
    const application = await startBoth(mode);
    const [one, two] = (await parkCharges(application, 'one', 'two', 'three')) as [DeadLetter, DeadLetter];
    const groups = await application.command(['groups', '--json', '--message', 'cards.*']);
    expect(JSON.parse(groups.stdout)).toMatchObject([{ cause: one.cause, count: 3 }]);
    const shown = JSON.parse((await application.command(['show', one.id, '--json'])).stdout) as DeadLetter;
    application.bank.isUp = true;
    const payload = JSON.stringify({ ...(shown.message?.payload as object), amount: 9 });
    const replayed = await application.command(['replay', one.id, '--payload', '-'], payload);
    expect(replayed).toMatchObject({ exitCode: 0, stdout: 'Replayed 1 of 1 dead letter.\n' });
    await until('the charge', () => application.bank.charged.length === 1);
    expect(application.bank.charged).toMatchObject([{ card: 'one', amount: 9, pin: 'pin of one', tenant: 'acme' }]);
    expect(await application.command(['replay', one.id])).toMatchObject({ exitCode: 1, stdout: '' });
    const discarded = await application.command(['discard', two.id, '--reason', 'a test', '--json']);
    expect(JSON.parse(discarded.stdout)).toMatchObject({ discarded: 1 });
    expect((await application.command(['purge', '--older-than', '1ms'])).exitCode).toBe(2);
    const purged = await application.command(['purge', '--older-than', '1ms', '--yes']);
    expect(purged).toMatchObject({ exitCode: 0, stdout: 'Removed 1 of 1 dead letter.\n' });
    expect(await application.letters.count()).toBe(0);
  });

  it('works on no queue, although the options say that the process works', async () => {
    const application = await startBoth(mode, { role: 'send' });
    const receipt = await application.dispatcher.send(new ChargeCard('one'));
    const { exitCode, stderr } = await application.command(['groups', '--verbose']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining('HANDLED') });
    expect(await application.app.get(Queues).counts(application.queue ?? '')).toMatchObject({ waiting: 1, active: 0 });
    expect(await receipt.cancel()).toBe('cancelled');
  });
});

describe('what --app names', () => {
  const env = { STORE: 'BullMQ on Redis', QUEUE: `test-${randomUUID()}` };
  const list = (...args: string[]) => built.command(['dead-letters', 'groups', '--json', '--app', ...args], { env });

  // Side by side, for each is a process that loads its modules and little else.
  it.concurrent.each([
    ['an ESM file with one module', ['app.module.mjs']],
    ['its default export before others', ['main-export.mjs']],
    ['a CommonJS file', ['common.cjs']],
    ['one of several, by --module', ['several.mjs', '--module', 'OtherModule']],
  ])('may be %s', async (_what, args) => {
    expect(await list(...args)).toMatchObject({ exitCode: 0, stdout: '[]\n' });
  });

  // Each of these is DISPATCH_APPLICATION_NOT_LOADED, but for the store and the queue, whose own errors tell it.
  it.concurrent.each([
    ['is not there', ['nowhere.js'], 'There is no file '],
    ['fails as it is loaded', ['broken.mjs'], 'broken.mjs cannot be loaded: out of range'],
    [
      'exports no module',
      ['no-module.mjs'],
      'no-module.mjs exports no class with @Module: it exports AppModule, limit.',
    ],
    ['exports several', ['several.mjs'], 'say which with --module, one of AppModule, OtherModule.'],
    ['exports none of that name', ['several.mjs', '--module', 'Main'], 'it exports AppModule, OtherModule, limit.'],
    ['exports no module by it', ['several.mjs', '--module', 'limit'], 'its limit is a number without @Module.'],
    ['does not import DispatchModule', ['no-dispatch.mjs'], 'does not import DispatchModule.forRoot()'],
    ['keeps its queue in memory', ['memory.mjs'], 'keeps its messages in the process that made them'],
    ['has no queue', ['no-queue.mjs'], 'queue'],
    ['has a store that is down', ['down.mjs'], '127.0.0.1:1'],
  ])('ends with 1 and says so where it %s', async (_how, args, text) => {
    const { exitCode, stdout, stderr } = await list(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(text);
  });

  it('need not be there for help, nor for being told what is wrong', async () => {
    expect(await built.command([])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await built.command(['dead-letters', 'lst'])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
