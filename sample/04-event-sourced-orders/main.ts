import { once } from 'node:events';
import { parseArgs } from 'node:util';

import { NestFactory } from '@nestjs/core';
import { EventLog, Projections } from 'nestjs-dispatch';
import { migratePostgres } from 'nestjs-dispatch/postgres';

import { startStore } from '../queue-store.js';
import { AppModule } from './app.module.js';
import { runLastRelease } from './last-release.js';
import { tour } from './tour.js';

const { values: options } = parseArgs({
  options: { once: { type: 'boolean', default: false }, port: { type: 'string', default: '0' } },
});

const store = await startStore('postgres');
// What `npx nestjs-dispatch migrate` does where an application is deployed.
await migratePostgres({ connection: store.address.url, schema: store.address.namespace });
await runLastRelease(store.address);
const app = await NestFactory.create(AppModule.on(store.address), { logger: ['error', 'warn'] });
await app.listen(Number(options.port), '127.0.0.1');
const url = await app.getUrl();
console.log(`Orders are taken at ${url}/orders`);
await tour({ url, log: app.get(EventLog), projections: app.get(Projections) });
if (!options.once) {
  console.log(`\nServing ${url}/orders until Ctrl-C`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
await app.close();
await store.stop();
