import { describe, expect, it } from '@jest/globals';
import type { HandlerContext } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { until } from '../queued-application.js';
import { Sell, Ship, Sold, startShop } from './shop.js';

describe('a strict outbox', () => {
  const strict = { strict: true };

  it.each(['send', 'publish'] as const)(
    'refuses what a handler sends with %s() outside of a transaction',
    async (verb) => {
      const { dispatcher, stored } = await startShop(strict);
      const work = (context: HandlerContext) =>
        verb === 'send' ? context.send(new Ship('a')) : context.publish(new Sold('a'));
      const error = await rejectionOf(dispatcher.execute(new Sell(work)));
      expect(String(error)).toMatch(/SellHandler sends it outside of a transaction/);
      expect(verb === 'publish' || Reflect.get(Object(error), 'code') === 'DISPATCH_OUTSIDE_TRANSACTION').toBe(true);
      expect(stored()).toEqual([]);
    },
  );

  it('takes what a handler sends inside, what no handler sends, and what is routed around it', async () => {
    const { dispatcher, transactions, stored } = await startShop(strict, {
      routes: [{ messages: [Sold], outbox: false }],
    });
    await dispatcher.send(new Ship('a'), { id: 'outside' });
    await dispatcher.execute(new Sell((context) => context.publish(new Sold('b'), { id: 'around' })));
    await dispatcher.execute(
      new Sell((context) => transactions.run(() => context.send(new Ship('c'), { id: 'inside' }))),
    );
    await until('all', () => stored().length === 4);
    expect(stored()).toEqual(['outside', 'around.SoldHandler', 'around.SoldAuditor', 'inside']);
  });
});
