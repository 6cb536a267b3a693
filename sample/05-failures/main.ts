import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { NestFactory } from '@nestjs/core';
import { Queues } from 'nestjs-dispatch';

import { startStore, storeKind } from '../queue-store.js';
import { AppModule, STORE_VARIABLE } from './app.module.js';
import { Bank } from './bank.js';
import { tour } from './tour.js';

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
    queue: { type: 'string', default: 'redis' },
  },
});
const kind = storeKind(options.queue);
if (kind === 'memory')
  throw new Error('The command line is a process of its own: give --queue redis or --queue postgres.');

const store = await startStore(kind);
process.env[STORE_VARIABLE] = JSON.stringify(store.address);
// Every failure is logged, as is that results of @Idempotent are kept in this process alone; here the tour tells it all.
const app = await NestFactory.create(AppModule, { logger: ['fatal'] });
await app.listen(Number(options.port), '127.0.0.1');
const url = await app.getUrl();
console.log(`Invoices are paid at ${url}/invoices`);
await tour({ url, bank: app.get(Bank), settled });
if (!options.once) {
  console.log(`\nServing ${url}/invoices until Ctrl-C`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
await app.close();
await store.stop();

async function settled(): Promise<void> {
  for (;;) {
    const { waiting, delayed, active } = await app.get(Queues).counts('default');
    if (waiting + delayed + active === 0) return;
    await setTimeout(20);
  }
}
