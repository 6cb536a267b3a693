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
  type QueueBackendFactory,
} from 'nestjs-dispatch';
import { bullmq, bullmqPostgres } from 'nestjs-dispatch/bullmq';

import type { Measurement } from '../scenario.js';
import type { OrderData, OrderReply } from './orders.js';
import { queueScenarios } from './scenarios.js';
import { serverSpace } from './servers.js';
import type { QueueBackendName, QueueRound, QueueSide, RoundOptions } from './side.js';
import { Tally } from './tally.js';

/** The command of the benchmark. */
export class PlaceOrder extends Command<OrderReply> {
  constructor(
    readonly id: string,
    readonly customer: string,
    readonly currency: string,
    readonly lines: OrderData['lines'],
  ) {
    super();
  }
}

@CommandHandler(PlaceOrder)
class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
  constructor(private readonly tally: Tally) {}

  async execute(command: PlaceOrder) {
    this.tally.note();
    return { id: command.id };
  }
}

/** How the context of a message reaches what a handler calls: `ambient` is the default, and kept where there are queues. */
export type ContextCase = 'ambient' | 'explicit';

/** What the applications of one process are made with. */
interface Setting {
  readonly factory: QueueBackendFactory;
  readonly context: ContextCase;
  clean(): Promise<void>;
}

/** The scenarios of this package on one backend: a real application for each round, with no option but what is measured. */
export function ourScenarios(backend: QueueBackendName, context: ContextCase): readonly Measurement[] {
  const setting = backend === 'memory' ? inMemory(context) : onServer(backend, context);
  let rounds = 0;
  const side: QueueSide = {
    async open(options) {
      rounds += 1;
      return openRound(setting, `orders-${rounds}`, options);
    },
  };
  return queueScenarios(side, backend, false);
}

function inMemory(context: ContextCase): Setting {
  return { factory: inMemoryQueue(), context, clean: async () => undefined };
}

function onServer(backend: Exclude<QueueBackendName, 'memory'>, context: ContextCase): Setting {
  const { url, space, clean } = serverSpace(backend, context);
  const factory =
    backend === 'redis'
      ? bullmq({ connection: url, prefix: space })
      : bullmqPostgres({ connection: url, schema: space, migrate: true });
  return { factory, context, clean };
}

async function openRound(
  { factory, context, clean }: Setting,
  queue: string,
  { concurrency, lanes = 4, keepCount, tally }: RoundOptions,
): Promise<QueueRound> {
  const own = { concurrency: concurrency ?? 1, lanes, keepCompleted: { count: keepCount } };
  @Module({
    imports: [
      DispatchModule.forRoot({
        context,
        runMode: RunMode.Async,
        queue: factory,
        queues: { default: queue, each: { [queue]: own }, ...(concurrency === undefined && { except: [queue] }) },
      }),
    ],
    providers: [PlaceOrderHandler, { provide: Tally, useValue: tally }],
  })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const dispatcher = app.get(Dispatcher);
  const queues = app.get(Queues);
  if (concurrency !== undefined) await queues.pause(queue);
  return {
    send: (order) => dispatcher.send(commandOf(order)),
    sendKeyed: (order, key) => dispatcher.send(commandOf(order), { key }),
    request: (order) => dispatcher.execute(commandOf(order)),
    work: () => queues.resume(queue),
    async close() {
      await app.close();
      await clean();
    },
  };
}

function commandOf({ id, customer, currency, lines }: OrderData): PlaceOrder {
  return new PlaceOrder(id, customer, currency, lines);
}
