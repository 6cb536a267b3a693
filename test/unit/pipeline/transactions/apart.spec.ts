import { describe, expect, it } from '@jest/globals';
import { Command, CommandHandler, inMemoryQueue, Transactional, Transactions } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { until } from '../../run-modes/queued-application.js';
import { startStock, Stock } from './stock.js';

class TakeLater extends Command {
  constructor(readonly sku: string) {
    super();
  }
}

@Transactional()
@CommandHandler(TakeLater)
class TakeLaterHandler {
  constructor(private readonly stock: Stock) {}

  async execute({ sku }: TakeLater): Promise<void> {
    this.stock.take(sku);
    if (sku === 'sold out') throw new RangeError(sku);
  }
}

async function startQueued() {
  const queues = { defaults: { maxAttempts: 1 } };
  const { app, ...rest } = await startStock({ queue: inMemoryQueue(), queues }, { providers: [TakeLaterHandler] });
  return { ...rest, transactions: app.get(Transactions) };
}

describe('a transactional handler behind a queue in memory, whose message is sent within a transaction', () => {
  it('has one of its own, committed while that of the sender is open and kept where it is rolled back', async () => {
    const { dispatcher, stock, transactions } = await startQueued();
    const sender = transactions.run(async () => {
      await dispatcher.send(new TakeLater('sent'));
      await until('it to be committed', () => stock.taken.length === 1);
      throw new RangeError('no');
    });
    expect(await rejectionOf(sender)).toMatchObject({ message: 'no' });
    expect(stock.taken).toEqual(['sent']);
  });

  it('leaves that of the sender alone where it fails', async () => {
    const { dispatcher, transactions } = await startQueued();
    const sender = transactions.run(async () => {
      const receipt = await dispatcher.send(new TakeLater('sold out'));
      await rejectionOf(receipt.result({ timeoutMs: 1000 }));
      return 'committed';
    });
    expect(await sender).toBe('committed');
  });
});
