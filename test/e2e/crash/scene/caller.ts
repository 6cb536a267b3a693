import 'reflect-metadata';

import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { Dispatcher, DispatchModule, OnNotification, TaskEnqueuedNotification } from '../../../../lib/index.js';
import { JournalWriter } from '../../../processes/journal.js';
import { dispatchOptions, type SceneConfig, type SceneEvent } from './application.js';
import { Apply } from './messages.js';

// Its parent makes it of this very type.
const config = JSON.parse(process.argv[2] ?? '{}') as SceneConfig;
const journal = new JournalWriter<SceneEvent>(config.folder, config.name);
// Nobody is left to look at it.
process.once('disconnect', () => process.exit(1));

/** Writes the receipt down, as an application would that wants to find the result again. */
@Injectable()
class Receipts {
  @OnNotification(TaskEnqueuedNotification)
  keep({ messageId, receiptId }: TaskEnqueuedNotification): void {
    journal.write({ event: 'enqueued', id: messageId, detail: receiptId });
  }
}

@Module({ imports: [DispatchModule.forRoot(dispatchOptions(config, 'send'))], providers: [Receipts] })
class CallerModule {}

const app = await NestFactory.createApplicationContext(CallerModule, { logger: ['warn', 'error'] });
journal.write({ event: 'ready', id: '' });
const { attempt } = await app
  .get(Dispatcher)
  .execute(new Apply(1, { kind: 'gate', gate: config.name }), { id: config.name });
journal.write({ event: 'done', id: config.name, attempt });
await app.close();
