import 'reflect-metadata';

import { setTimeout as delay } from 'node:timers/promises';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { Dispatcher, DispatchModule, isDispatchError, Transactions, type Command } from '../../../lib/index.js';
import { JournalWriter } from '../../processes/journal.js';
import { backendAt } from '../../processes/stores.js';
import type { Stream } from '../plan.js';
import { Random } from '../random.js';
import type { ChaosEvent } from './events.js';
import { IdempotentWork, Killer, PlainWork, Unheard, type Work } from './messages.js';
import { sendingOutbox } from './outbox.js';
import { optionsOf, type Allowance, type SenderConfig } from './setup.js';

/** How long a stream waits between two messages. */
const PACE_MS = 50;
/** How long it waits before it tries again what failed at once. */
const RETRY_MS = 20;
/** The longest that a handler works. */
const MAX_WORK_MS = 25;

// Its parent makes it of this very type.
const config = JSON.parse(process.argv[2] ?? '{}') as SenderConfig;
const journal = new JournalWriter<ChaosEvent>(config.folder, config.name);
let { share } = config;
// Nobody is left to look at it.
process.once('disconnect', () => process.exit(1));
process.on('message', (allowance: Allowance) => {
  share = allowance.share;
});

@Module({
  imports: [
    DispatchModule.forRoot(optionsOf(config, 'send', backendAt(config.store, 'fail'), sendingOutbox(config.store))),
  ],
})
class SenderModule {}

const app = await NestFactory.createApplicationContext(SenderModule, { logger: ['warn', 'error'] });
const dispatcher = app.get(Dispatcher);
const transactions = app.get(Transactions);
journal.write({ event: 'ready', id: '' });
await Promise.all(config.streams.map((stream) => sendAll(stream)));
journal.write({ event: 'finished', id: '' });

/** Sends the messages of a stream one after the other, those that were acknowledged to its predecessor left out. */
async function sendAll(stream: Stream): Promise<void> {
  for (let sequence = (config.sent[stream.name] ?? 0) + 1; sequence <= stream.count; sequence += 1) {
    while (sequence > Math.ceil(stream.count * share)) await delay(PACE_MS);
    const id = `${stream.name}-${sequence}`;
    const send = () => dispatcher.send(messageOf(stream, sequence), stream.isKeyed ? { id, key: stream.name } : { id });
    await surely(() => (transactions.isConfigured ? transactions.run(send) : send()));
    journal.write({ event: 'acknowledged', id });
    await delay(PACE_MS);
  }
}

/** Sends again, with the same id, until the store says that it has the message, or the transaction with it. */
async function surely(send: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await send();
      return;
    } catch (error) {
      // A transaction ends with whatever the driver says of a server that is gone.
      if (!transactions.isConfigured && !isDispatchError(error, 'DISPATCH_QUEUE_UNAVAILABLE')) throw error;
      await delay(RETRY_MS);
    }
  }
}

function messageOf({ of, poison }: Stream, sequence: number): Command {
  const ms = new Random(config.seed + sequence).whole(1, MAX_WORK_MS);
  const work: Work = { sequence, ms, isPoison: poison.includes(sequence) };
  switch (of) {
    case 'idempotent':
      return new IdempotentWork(work);
    case 'plain':
      return new PlainWork(work);
    case 'killer':
      return new Killer();
    case 'unheard':
      return new Unheard();
  }
}
