import { afterEach } from '@jest/globals';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  DeadLetters,
  Dispatcher,
  DispatchModule,
  RunMode,
  type DispatchOptions,
  type QueueBackendFactory,
  type QueueOptions,
} from 'nestjs-dispatch';

import { newQueue } from '../run-modes/modes.js';
import { CHARGING, Bank } from './charges.js';

/** What a route answers. */
export interface Answer {
  readonly status: number;
  // Whatever it is: the tests say what it must be.
  readonly body: unknown;
}

const running = new Set<INestApplication>();

afterEach(async () => {
  const apps = [...running];
  running.clear();
  await Promise.all(apps.map((app) => app.close()));
});

/** Starts an application with HTTP, whose queue is its own; without queues where nothing keeps them. */
export async function startHttp(
  queue: QueueBackendFactory | undefined,
  http: DynamicModule,
  path = 'dispatch/dead-letters',
  more: DispatchOptions = {},
  settings: QueueOptions = {},
) {
  const name = newQueue();
  const options = {
    ...more,
    ...(queue && { queue }),
    runMode: RunMode.Async,
    queues: { default: name, defaults: { maxAttempts: 1, ...settings } },
  };
  const imports = [DispatchModule.forRootAsync({ useFactory: () => (queue === undefined ? {} : options) }), http];
  class AppModule {}
  const module = { module: AppModule, imports, providers: CHARGING };
  const app = await NestFactory.create(module, { logger: false, abortOnError: false });
  running.add(app);
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/${path}`;
  const ask = async (method: string, route: string, body?: unknown, key = 'open'): Promise<Answer> => {
    const headers = { 'x-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) };
    const answer = await fetch(url + route, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const [dispatcher, letters, bank] = [app.get(Dispatcher), app.get(DeadLetters), app.get(Bank)];
  return { app, dispatcher, letters, bank, ask, url, queue: name };
}
