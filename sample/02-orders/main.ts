import { once } from 'node:events';
import { parseArgs } from 'node:util';

import { NestFactory } from '@nestjs/core';
import { Queues } from 'nestjs-dispatch';

import { queueIn, startStore, storeKind } from '../queue-store.js';
import { AppModule } from './app.module.js';
import { Journal } from './journal.js';
import { tour } from './tour.js';

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
    queue: { type: 'string' },
  },
});

const store = options.queue === undefined ? undefined : await startStore(storeKind(options.queue));
const app = await NestFactory.create(AppModule.with(store && queueIn(store.address)), { logger: ['error', 'warn'] });
await app.listen(Number(options.port), '127.0.0.1');
const url = await app.getUrl();
console.log(`Orders are taken at ${url}/orders`);
const journal = app.get(Journal);
await tour(url, { settled, take: () => journal.take() });
if (!options.once) {
  journal.print();
  console.log(`\nServing ${url}/orders until Ctrl-C`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
await app.close();
await store?.stop();

/** In the caller's turn all is done when the answer is there; behind a queue, when that is empty. */
async function settled(): Promise<void> {
  if (store !== undefined) await app.get(Queues).drain('default');
}
