import { once } from 'node:events';
import { parseArgs } from 'node:util';

import { NestFactory } from '@nestjs/core';

import { AppModule } from './app.module.js';
import { tour } from './tour.js';

const { values: options } = parseArgs({
  options: { once: { type: 'boolean', default: false }, port: { type: 'string', default: '0' } },
});

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.listen(Number(options.port), '127.0.0.1');
const url = await app.getUrl();
console.log(`Orders are taken at ${url}/orders`);
await tour(url);
if (!options.once) {
  console.log(`\nServing ${url}/orders until Ctrl-C`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
await app.close();
