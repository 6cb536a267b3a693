import { once } from 'node:events';

import { NestFactory } from '@nestjs/core';

import { AppModule } from './app.module.js';
import type { Settings } from './settings.js';

// One of the processes: `main.ts` starts it, with its settings as the only argument and its role in `DISPATCH_ROLE`.
const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const ended = Promise.race(['SIGINT', 'SIGTERM', 'disconnect'].map((event) => once(process, event)));

const app = await NestFactory.create(AppModule.with(settings), { logger: ['error'] });
// A worker needs no HTTP: for it, all that counts begins here.
if (process.env['DISPATCH_ROLE'] === 'send') await app.listen(0, '127.0.0.1');
else await app.init();
process.send?.({ type: 'ready', url: process.env['DISPATCH_ROLE'] === 'send' ? await app.getUrl() : '' });

await ended;
await app.close();
// The connection to the parent is the last thing that holds the process.
if (process.connected) process.disconnect();
