import { Injectable, Scope } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  inMemoryTransactions,
  MemoryTransaction,
  Query,
  QueryHandler,
  Transactional,
  Transactions,
  type DispatchOptions,
  type HandlerContext,
} from 'nestjs-dispatch';

import { start, type Setup } from '../../dispatcher/application.js';

/** What was committed, and what a repository writes in the transaction of its caller. */
@Injectable()
export class Stock {
  readonly taken: string[] = [];

  constructor(private readonly transactions: Transactions<MemoryTransaction>) {}

  take(sku: string): void {
    this.transactions.client.add({ apply: () => void this.taken.push(sku) });
  }
}

/** What a handler is to do after it has written. */
export type Work = (context: HandlerContext) => unknown;

/** Writes, then does what it is told. */
export class Take extends Command<unknown> {
  constructor(
    readonly sku: string,
    readonly then: Work = () => 'taken',
  ) {
    super();
  }
}

@Transactional()
@CommandHandler(Take)
export class TakeHandler {
  constructor(private readonly stock: Stock) {}

  async execute({ sku, then }: Take, context: HandlerContext): Promise<unknown> {
    this.stock.take(sku);
    return then(context);
  }
}

/** The same, with a handler for each message. */
export class TakeScoped extends Take {}

@Transactional()
@CommandHandler(TakeScoped, { scope: Scope.REQUEST })
export class TakeScopedHandler {
  constructor(private readonly stock: Stock) {}

  async execute({ sku, then }: TakeScoped, context: HandlerContext): Promise<unknown> {
    this.stock.take(sku);
    return then(context);
  }
}

export class CountInTransaction extends Query<boolean> {}

@Transactional({ isolation: 'repeatable read' })
@QueryHandler(CountInTransaction)
export class CountHandler {
  constructor(private readonly transactions: Transactions) {}

  async execute(): Promise<boolean> {
    return this.transactions.current !== undefined;
  }
}

/** An application with these handlers and transactions in memory. */
export async function startStock(options: DispatchOptions = {}, setup: Setup = {}) {
  const providers = [Stock, TakeHandler, TakeScopedHandler, CountHandler, ...(setup.providers ?? [])];
  const transactions = { scope: inMemoryTransactions() };
  const started = await start({ ...setup, providers, options: { transactions, ...options } });
  return { ...started, stock: started.app.get(Stock) };
}
