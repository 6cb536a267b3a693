import 'reflect-metadata';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { DeadLetters, DispatchModule } from '../../../../lib/index.js';
import { JournalWriter } from '../../../processes/journal.js';
import { dispatchOptions, QUEUE, type SceneConfig, type SceneEvent } from './application.js';

// Its parent makes it of this very type.
const config = JSON.parse(process.argv[2] ?? '{}') as SceneConfig;
const journal = new JournalWriter<SceneEvent>(config.folder, config.name);
// Nobody is left to look at it.
process.once('disconnect', () => process.exit(1));

@Module({ imports: [DispatchModule.forRoot(dispatchOptions(config, 'send'))] })
class ReplayerModule {}

const app = await NestFactory.createApplicationContext(ReplayerModule, { logger: ['warn', 'error'] });
journal.write({ event: 'ready', id: '' });
const { ratePerSecond = Infinity } = config;
const report = await app.get(DeadLetters).replay({ queue: QUEUE }, { ratePerSecond });
journal.write({ event: 'replayed', id: '', detail: JSON.stringify(report) });
await app.close();
