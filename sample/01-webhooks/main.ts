import { once } from 'node:events';
import { parseArgs } from 'node:util';

import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Notifications } from 'nestjs-dispatch';

import { queueIn, startStore, storeKind } from '../queue-store.js';
import { AppModule } from './app.module.js';
import { ActivityFeed } from './github/activity-feed.js';
import { makeDeliveries } from './load/deliveries.js';
import { ProgressBar } from './load/progress-bar.js';
import { sendDeliveries } from './load/send-deliveries.js';
import { mismatches, reconcile, type ServedCounts } from './report/reconcile.js';
import { reportLines } from './report/report-lines.js';
import { MAX_BODY_BYTES, WEBHOOKS_PATH } from './settings.js';
import { Tally } from './tally.js';

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
    queue: { type: 'string' },
  },
});

const store = options.queue === undefined ? undefined : await startStore(storeKind(options.queue));
const app = await startServer(Number(options.port));
const url = `${await app.getUrl()}${WEBHOOKS_PATH}`;
console.log(`Sending GitHub's webhooks to ${url}\n`);
if (!(await exercise())) process.exitCode = 1;
if (!options.once) {
  app.useLogger(['error', 'warn']);
  console.log(`\nServing ${url} until Ctrl-C`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
await app.close();
await store?.stop();

async function startServer(port: number): Promise<NestExpressApplication> {
  const server = await NestFactory.create<NestExpressApplication>(AppModule.with(store && queueIn(store.address)), {
    rawBody: true,
    // Each of the messages that are refused on purpose would be a warning between the lines of the report.
    logger: ['error'],
  });
  // Webhooks are read as bytes and nothing else: Nest's JSON parser would answer what is cut short before we see it.
  server.useBodyParser('raw', { type: (request) => request.url === WEBHOOKS_PATH, limit: MAX_BODY_BYTES });
  await server.listen(port, '127.0.0.1');
  return server;
}

/** Sends everything, prints the report and tells whether all sums match. */
async function exercise(): Promise<boolean> {
  const deliveries = makeDeliveries();
  const bar = new ProgressBar(deliveries.length, process.stdout);
  const sent = await sendDeliveries(deliveries, { url, concurrency: 8, onAnswer: (answered) => bar.show(answered) });
  bar.clear();

  await app.get(Tally).ended(sent.sent, 2000);
  const served = servedCounts();
  const sums = reconcile(sent, served);
  const topics = app.get(ActivityFeed).countByTopic();
  for (const line of reportLines({ sent, served, topics, sums })) console.log(line);
  return mismatches(sums).length === 0;
}

function servedCounts(): ServedCounts {
  const { received, handled, skipped, refused, refusals, keys } = app.get(Tally);
  const lostNotifications = app.get(Notifications).droppedCount;
  return {
    received,
    handled,
    skipped,
    refused,
    refusals,
    keys,
    feedEntries: app.get(ActivityFeed).size,
    lostNotifications,
  };
}
