import 'reflect-metadata';

import { setTimeout as delay } from 'node:timers/promises';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Command,
  CommandHandler,
  Dispatcher,
  DispatchModule,
  inMemoryQueue,
  Queues,
  RunMode,
  type ICommandHandler,
} from 'nestjs-dispatch';

import { orders, type OrderData } from './orders.js';

/** The heap after each part of the messages, the garbage collected. */
export interface HeapSamples {
  readonly messages: number;
  readonly heapBytes: readonly number[];
}

const MESSAGES = 500_000;
const CAPACITY = 10_000;
const CONCURRENCY = 100;
const SAMPLES = 10;
/** What makes the handler slow: senders wait for room nearly all the time. */
const HANDLING_MS = 1;

class StoreOrder extends Command {
  constructor(readonly order: OrderData) {
    super();
  }
}

@CommandHandler(StoreOrder)
class StoreOrderHandler implements ICommandHandler<StoreOrder> {
  handled = 0;

  async execute() {
    await delay(HANDLING_MS);
    this.handled += 1;
  }
}

@Module({
  imports: [
    DispatchModule.forRoot({
      runMode: RunMode.Async,
      queue: inMemoryQueue({ capacity: CAPACITY }),
      queues: { defaults: { concurrency: CONCURRENCY } },
    }),
  ],
  providers: [StoreOrderHandler],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
process.send?.(await samples());
await app.close();
process.disconnect?.();

/** The first sample is of a queue that is full already. */
async function samples(): Promise<HeapSamples> {
  const dispatcher = app.get(Dispatcher);
  const [template] = orders(1);
  if (template === undefined) throw new Error('there is no order to send');
  const heapBytes: number[] = [];
  const nextAt = (): number => 2 * CAPACITY + (heapBytes.length * (MESSAGES - 2 * CAPACITY)) / (SAMPLES - 1);
  for (let sent = 1; sent <= MESSAGES; sent += 1) {
    await dispatcher.send(new StoreOrder({ ...template, id: `order-${sent}` }));
    if (sent >= Math.round(nextAt())) heapBytes.push(heapUsed());
  }
  await app.get(Queues).drain('default');
  const { handled } = app.get(StoreOrderHandler);
  if (handled !== MESSAGES) throw new Error(`${handled} of ${MESSAGES} messages were handled`);
  return { messages: MESSAGES, heapBytes };
}

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
