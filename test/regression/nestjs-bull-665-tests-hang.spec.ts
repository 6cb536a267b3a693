import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { BuiltPackage } from './built-package.js';

// Compilers and processes are started, on a machine that may be busy.
jest.setTimeout(60_000);

/** Handles one message and closes the application; whatever it left open keeps the process from ending. */
const program = (queue: string) => `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandHandler, Dispatcher, DispatchModule, inMemoryQueue, RunMode } from 'nestjs-dispatch';
import { bullmq, bullmqPostgres } from 'nestjs-dispatch/bullmq';

class Ping {}
class PingHandler { async execute() { return 'pong'; } }
CommandHandler(Ping)(PingHandler);
class AppModule {}
const dispatch = DispatchModule.forRoot({ runMode: RunMode.Async, queue: ${queue} });
Module({ imports: [dispatch], providers: [PingHandler] })(AppModule);

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'], abortOnError: false });
process.stdout.write(await app.get(Dispatcher).execute(new Ping()));
await app.close();
`;

// There, a test of a queue needs a Redis, and does not end after its application has closed.
describe('an application with a queue (nestjs/bull#665)', () => {
  let built: BuiltPackage;

  beforeAll(() => {
    built = new BuiltPackage();
  });
  afterAll(() => {
    built.remove();
  });

  it.each([
    ['in memory, without any server', 'inMemoryQueue()'],
    ['of BullMQ on Redis', `bullmq({ connection: process.env.TEST_REDIS_URL, prefix: 'test-ends' })`],
    [
      'of BullMQ on Postgres',
      `bullmqPostgres({ connection: process.env.TEST_POSTGRES_URL, schema: 'test_ends', migrate: true })`,
    ],
  ])('ends by itself once it is closed: %s', (_name, queue) => {
    const { status, signal, stdout, stderr } = built.run({ 'main.mjs': program(queue) });
    expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: 'pong', stderr: '' });
  });
});
