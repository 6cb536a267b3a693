import 'reflect-metadata';

import { afterEach } from '@jest/globals';
import { Module, type INestApplicationContext, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Dispatcher, DispatchModule, WiringError, type DispatchOptions, type WiringMistake } from 'nestjs-dispatch';

import { RecordingLogger } from './recording-logger.js';

/** What an application under test consists of, beside the dispatch module. */
export interface Setup extends ModuleMetadata {
  readonly options?: DispatchOptions;
}

/** An application that runs; it is closed after the test. */
export interface Application {
  readonly app: INestApplicationContext;
  readonly dispatcher: Dispatcher;
  readonly log: RecordingLogger;
}

@Module({})
class AppModule {}

const running = new Set<INestApplicationContext>();

afterEach(async () => {
  const apps = [...running];
  running.clear();
  await Promise.all(apps.map((app) => app.close()));
});

/** Starts an application of the providers and modules given. @throws WiringError where they are put together wrongly */
export async function start({ options, imports, ...metadata }: Setup = {}): Promise<Application> {
  return startModules({ ...metadata, imports: [DispatchModule.forRoot(options), ...(imports ?? [])] });
}

/** The same without importing `DispatchModule.forRoot()`. */
export async function startModules(metadata: ModuleMetadata): Promise<Application> {
  const log = new RecordingLogger();
  const module = { module: AppModule, ...metadata };
  const app = await NestFactory.createApplicationContext(module, { logger: log, abortOnError: false });
  running.add(app);
  return { app, dispatcher: app.get(Dispatcher), log };
}

/** The mistakes that keep an application from starting. @throws Error where it starts */
export async function mistakesOf(setup: Setup): Promise<readonly WiringMistake[]> {
  const error = await rejectionOf(start(setup));
  if (error instanceof WiringError) return error.mistakes;
  throw error;
}

/** What a promise rejects with. @throws Error where it is fulfilled */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await Promise.allSettled([promise]);
  if (outcome[0].status === 'rejected') return outcome[0].reason;
  throw new Error('expected a rejection, but the promise was fulfilled');
}
