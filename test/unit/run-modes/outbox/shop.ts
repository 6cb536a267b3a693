import {
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  inMemoryTransactions,
  Outbox,
  Query,
  QueryHandler,
  RunMode,
  Transactions,
  type DispatchOptions,
  type HandlerContext,
  type OutboxOptions,
} from 'nestjs-dispatch';

import { start, type Application } from '../../dispatcher/application.js';
import { FakeBackend } from '../fake-backend.js';

/** A command behind a queue. */
export class Ship extends Command<string> {
  constructor(
    readonly order: string,
    readonly text = '',
  ) {
    super();
  }
}

/** An event with two handlers behind queues. */
export class Sold extends Event {
  constructor(readonly order: string) {
    super();
  }
}

/** A query behind a queue. */
export class Ask extends Query<string> {}

/** A command in the caller's turn, whose handler does what the test says. */
export class Sell extends Command {
  constructor(readonly work: (context: HandlerContext) => Promise<unknown>) {
    super();
  }
}

@CommandHandler(Ship)
class ShipHandler {
  async execute(): Promise<string> {
    return 'shipped';
  }
}

@QueryHandler(Ask)
class AskHandler {
  async execute(): Promise<string> {
    return 'answer';
  }
}

@EventsHandler(Sold)
class SoldHandler {
  async handle(): Promise<void> {}
}

@EventsHandler(Sold)
class SoldAuditor {
  async handle(): Promise<void> {}
}

@CommandHandler(Sell, { runMode: RunMode.Sync })
class SellHandler {
  async execute({ work }: Sell, context: HandlerContext): Promise<void> {
    await work(context);
  }
}

/** An application with an outbox, before queues that the test plays. */
export interface Shop extends Application {
  readonly backend: FakeBackend;
  readonly transactions: Transactions;
  readonly outbox: Outbox;
  /** The ids of what the queues were given, in order. */
  readonly stored: () => string[];
}

/** Starts it, everything behind queues in memory transactions. */
export async function startShop(
  outbox: boolean | OutboxOptions = true,
  options: DispatchOptions = {},
  backend = new FakeBackend(),
): Promise<Shop> {
  const application = await start({
    providers: [ShipHandler, AskHandler, SoldHandler, SoldAuditor, SellHandler],
    options: {
      runMode: RunMode.Async,
      queue: backend.factory,
      transactions: { scope: inMemoryTransactions() },
      outbox,
      ...options,
    },
  });
  const { app } = application;
  const stored = (): string[] => backend.batches.flat().map(({ id }) => id);
  return { ...application, backend, transactions: app.get(Transactions), outbox: app.get(Outbox), stored };
}
