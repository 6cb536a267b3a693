import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { BuiltPackage } from './built-package.js';

// Compilers and processes are started, on a machine that may be busy.
jest.setTimeout(60_000);

/** Runs in a process of its own: what no test runner catches ends it. */
const program = `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  CommandHandler, Dispatcher, DispatchModule, inMemoryQueue, Notifications, OnNotification, RunMode,
  TaskCompletedNotification, TaskFailedNotification,
} from 'nestjs-dispatch';

class Ping {}
class Fail {}
class PingHandler { async execute() { return 'pong'; } }
class FailHandler { async execute() { throw new Error('handler'); } }
CommandHandler(Ping)(PingHandler);
CommandHandler(Fail)(FailHandler);
const seen = [];
class Listener {
  failed() { throw new Error('listener'); }
  async completed() { throw new Error('listener, later'); }
  every(notification) { seen.push(notification.constructor.name); }
}
const listen = (method, type) =>
  OnNotification(type)(Listener.prototype, method, Object.getOwnPropertyDescriptor(Listener.prototype, method));
listen('failed', TaskFailedNotification);
listen('completed', TaskCompletedNotification);
class AppModule {}
const dispatch = DispatchModule.forRoot({
  runMode: RunMode.Async, queue: inMemoryQueue(), queues: { defaults: { maxAttempts: 1 } },
  notifications: { attemptCount: 1 },
});
Module({ imports: [dispatch], providers: [PingHandler, FailHandler, Listener] })(AppModule);

const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
app.get(Notifications).subscribe(() => { throw new Error('subscriber'); });
app.get(Notifications).ofType(TaskFailedNotification).subscribe(() => seen.push('failed'));
const dispatcher = app.get(Dispatcher);
for (let round = 0; round < 2; round += 1) {
  await dispatcher.execute(new Fail()).catch((error) => seen.push(error.message));
  seen.push(await dispatcher.execute(new Ping()));
}
await app.close();
process.stdout.write(seen.toSorted().join(' '));
`;

// There, an error in @OnWorkerEvent ends the process, or stops the worker.
describe('an error in what listens to a queue (nestjs/bull#1150)', () => {
  let built: BuiltPackage;

  beforeAll(() => {
    built = new BuiltPackage();
  });
  afterAll(() => {
    built.remove();
  });

  it('ends neither the process nor the worker, and keeps nobody else from being told', () => {
    const { status, stdout, stderr } = built.run({ 'main.mjs': program });
    const seen = 'failed failed handler handler pong pong';
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: seen, stderr: '' });
  });
});
