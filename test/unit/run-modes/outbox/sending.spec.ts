import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import {
  EventBus,
  inMemoryOutbox,
  inMemoryTransactions,
  MemoryTransaction,
  memoryClaimCheck,
  type ClaimCheckStore,
  type HandlerContext,
  type TransactionScope,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { until } from '../queued-application.js';
import { Ask, Sell, Ship, Sold, startShop } from './shop.js';

describe('a message that is sent in a transaction', () => {
  it('reaches its queue once that has committed, and not before', async () => {
    const { dispatcher, transactions, stored, outbox } = await startShop();
    await transactions.run(async () => {
      const receipt = await dispatcher.send(new Ship('a'), { id: 'm1' });
      expect(receipt.id).toBe('m1@default');
      await delay(20);
      expect(stored()).toEqual([]);
    });
    await until('it to be relayed', () => stored().length === 1);
    expect(stored()).toEqual(['m1']);
    await until('it to be settled', async () => (await outbox.check()).waiting === 0);
  });

  it('never reaches it where that is rolled back, and the next one does', async () => {
    const { dispatcher, transactions, stored } = await startShop();
    const failing = transactions.run(async () => {
      await dispatcher.send(new Ship('a'), { id: 'lost' });
      throw new RangeError('no');
    });
    expect(await rejectionOf(failing)).toMatchObject({ message: 'no' });
    await transactions.run(() => dispatcher.send(new Ship('b'), { id: 'next' }));
    await until('the next one', () => stored().length > 0);
    expect(stored()).toEqual(['next']);
  });

  it.each<[string, (context: HandlerContext, bus: EventBus) => Promise<void>]>([
    ['context.publish()', (context) => context.publish(new Sold('a'), { id: 'e' })],
    ['context.publishAll()', (context) => context.publishAll([new Sold('a')], { id: 'e' })],
    [
      'EventBus#publish()',
      (_context, bus) => Promise.resolve(bus.publish(new Sold('a'), { id: 'e' })).then(() => undefined),
    ],
  ])('goes to each handler of an event that a handler publishes with %s', async (_name, publish) => {
    const { app, dispatcher, transactions, stored } = await startShop();
    const work = (context: HandlerContext) =>
      transactions.run(async () => {
        await publish(context, app.get(EventBus));
        expect(stored()).toEqual([]);
      });
    await dispatcher.execute(new Sell(work));
    await until('both', () => stored().length === 2);
    expect(stored().toSorted()).toEqual(['e.SoldAuditor', 'e.SoldHandler']);
  });

  it('is part of it also where nobody waits for the send', async () => {
    const { dispatcher, transactions, stored } = await startShop();
    await transactions.run(async () => {
      void dispatcher.send(new Ship('a'), { id: 'm1' });
      void dispatcher.send(new Ship('b'), { id: 'm2' });
    });
    await until('both', () => stored().length === 2);
    expect(stored()).toEqual(['m1', 'm2']);
  });

  it('is part of it also where its payload has to be kept elsewhere first, and nobody waits', async () => {
    const claimCheck = { store: memoryClaimCheck(), thresholdBytes: 10 };
    const { backend, dispatcher, transactions, stored } = await startShop(true, { claimCheck });
    await transactions.run(async () => {
      void dispatcher.send(new Ship('a', 'x'.repeat(100)), { id: 'm1' });
    });
    await until('it', () => stored().length === 1);
    expect(backend.batches.flat()[0]?.data).toMatchObject({ claim: { sizeBytes: expect.any(Number) } });
  });

  it('that is sent when the transaction is over already goes to its queue at once', async () => {
    const { dispatcher, transactions, stored } = await startShop();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let late: Promise<unknown> = Promise.resolve();
    await transactions.run(async () => {
      late = ended.then(() => dispatcher.send(new Ship('a'), { id: 'late' }));
    });
    end();
    await late;
    expect(stored()).toEqual(['late']);
  });

  it('keeps its key, priority, headers, deduplication id and the time it is due at', async () => {
    const { backend, dispatcher, transactions } = await startShop();
    const options = {
      id: 'm1',
      key: 'k',
      priority: 7,
      headers: { tenant: 't' },
      deduplicationId: 'd',
      delayMs: 60_000,
    };
    await transactions.run(async () => {
      await dispatcher.send(new Ship('a'), options);
      await delay(50);
    });
    await until('it', () => backend.batches.length === 1);
    const [entry] = backend.batches.flat();
    expect(entry).toMatchObject({ id: 'm1', key: 'k', priority: 7, deduplicationId: 'd', replyTo: undefined });
    expect(entry?.data).toMatchObject({ headers: { tenant: 't' }, payload: { order: 'a' } });
    expect(entry?.delayMs).toBeGreaterThan(50_000);
    // Counted from the send, not from the commit.
    expect(entry?.delayMs).toBeLessThanOrEqual(59_960);
  });

  it('can be waited for with its receipt, which answers once the queue has it', async () => {
    const { backend, dispatcher, transactions, stored } = await startShop();
    const receipt = await transactions.run(() => dispatcher.send(new Ship('a')));
    let asked = 0;
    backend.onRead = async () => {
      asked += 1;
      const outcome = { status: 'completed', result: 'shipped' } as const;
      const isThere = asked > 2 && stored().length === 1;
      return {
        state: isThere ? 'completed' : 'unknown',
        attempt: 0,
        progress: undefined,
        outcome: isThere ? outcome : undefined,
      };
    };
    expect(await receipt.status()).toBe('unknown');
    expect(await receipt.result()).toBe('shipped');
  });
});

describe('whether a message goes through the outbox', () => {
  it('is decided by the transaction: what is sent outside goes to its queue at once', async () => {
    const { dispatcher, stored } = await startShop();
    await dispatcher.send(new Ship('a'), { id: 'm1' });
    expect(stored()).toEqual(['m1']);
  });

  it.each([
    ['says its route', true, [{ messages: [Ship], outbox: false }], ['m1']],
    ['says the option, where no route does', { messages: 'routed' }, [], ['m1']],
    [
      'a route does, and only routed ones do: but it does',
      { messages: 'routed' },
      [{ messages: [Ship], outbox: true }],
      [],
    ],
  ] as const)('%s', async (_why, outbox, routes, expected) => {
    const { dispatcher, transactions, stored } = await startShop(outbox, { routes });
    await transactions.run(async () => {
      await dispatcher.send(new Ship('a'), { id: 'm1' });
      expect(stored()).toEqual(expected);
    });
  });

  it('is no question of a query, whose answer can be waited for inside', async () => {
    const { backend, dispatcher, transactions } = await startShop();
    backend.onEnqueue = (entry) => {
      backend.application.replied(entry.id, { status: 'completed', result: 'answer' });
      return Promise.resolve({ status: 'stored', place: 'default' });
    };
    expect(await transactions.run(() => dispatcher.query(new Ask()))).toBe('answer');
  });
});

describe('a message that is sent in a transaction that was begun by other means', () => {
  it('is written in it by the time its sender goes on, and relayed once that has committed', async () => {
    const theirs = new MemoryTransaction();
    let active: MemoryTransaction | undefined;
    const scope: TransactionScope<MemoryTransaction> = { ...inMemoryTransactions(), current: () => active };
    const { dispatcher, stored } = await startShop({ pollEveryMs: 10 }, { transactions: { scope } });
    active = theirs;
    await dispatcher.send(new Ship('a'), { id: 'm' });
    await dispatcher.publish(new Sold('a'), { id: 'e' });
    active = undefined;
    expect(stored()).toEqual([]);
    theirs.commit();
    await until('all of it to be relayed', () => stored().length === 3);
    expect(stored().toSorted()).toEqual(['e.SoldAuditor', 'e.SoldHandler', 'm']);
  });
});

describe('a call that waits, inside a transaction, for what is sent after it', () => {
  it('is refused where it wants a result (DISPATCH_OUTBOX_REPLY)', async () => {
    const { dispatcher, transactions, stored } = await startShop();
    const error = await rejectionOf(transactions.run(() => dispatcher.execute(new Ship('a'))));
    expect(error).toMatchObject({ code: 'DISPATCH_OUTBOX_REPLY' });
    expect(String(error)).toContain('goes through the outbox');
    expect(stored()).toEqual([]);
  });

  it('waits for no handler behind a queue where it has published an event, which is written', async () => {
    const { dispatcher, transactions, stored } = await startShop();
    await transactions.run(async () => {
      await dispatcher.publishAndWait(new Sold('a'), { id: 'e' });
      expect(stored()).toEqual([]);
    });
    await until('both', () => stored().length === 2);
    expect(stored().toSorted()).toEqual(['e.SoldAuditor', 'e.SoldHandler']);
  });

  it('is not refused before or after', async () => {
    const { backend, dispatcher, transactions } = await startShop();
    backend.onEnqueue = (entry) => {
      backend.application.replied(entry.id, { status: 'completed', result: 'shipped' });
      return Promise.resolve({ status: 'stored', place: 'default' });
    };
    await transactions.run(() => Promise.resolve());
    expect(await dispatcher.execute(new Ship('a'))).toBe('shipped');
  });
});

describe('a transaction whose messages cannot be written', () => {
  it('is rolled back where it is none of the outbox, also where the error of the send is caught', async () => {
    const scope: TransactionScope = { run: (work) => work({}) };
    const { dispatcher, transactions, stored } = await startShop(true, { transactions: { scope } });
    const failing = transactions.run(async () => {
      expect(await rejectionOf(dispatcher.send(new Ship('a')))).toMatchObject({ code: 'DISPATCH_OUTBOX_TRANSACTION' });
    });
    expect(await rejectionOf(failing)).toMatchObject({
      code: 'DISPATCH_TRANSACTION_DOOMED',
      cause: { code: 'DISPATCH_OUTBOX_TRANSACTION' },
    });
    expect(stored()).toEqual([]);
  });

  it('is rolled back where a payload that is to be kept elsewhere is not, though nobody waits for the publish', async () => {
    const put = () => Promise.reject(new RangeError('no room'));
    const store = Object.assign(Object.create(memoryClaimCheck()) as ClaimCheckStore, { put });
    const { dispatcher, transactions, stored } = await startShop(true, { claimCheck: { store, thresholdBytes: 10 } });
    const publishing = transactions.run(async () => {
      void dispatcher.publish(new Sold('x'.repeat(100)));
    });
    expect(await rejectionOf(publishing)).toMatchObject({
      code: 'DISPATCH_TRANSACTION_DOOMED',
      cause: { code: 'DISPATCH_CLAIM_CHECK_UNAVAILABLE' },
    });
    expect(stored()).toEqual([]);
  });

  it('is rolled back where the outbox is full of what it has sent itself, one after the other', async () => {
    const { dispatcher, transactions, stored } = await startShop({ store: inMemoryOutbox({ maxMessages: 2 }) });
    const sending = transactions.run(async () => {
      for (const id of ['a', 'b', 'c']) await dispatcher.send(new Ship(id), { id });
    });
    expect(await rejectionOf(sending)).toMatchObject({ code: 'DISPATCH_OUTBOX_FULL' });
    expect(stored()).toEqual([]);
  });

  it('is rolled back where the outbox is full, and the next one works when there is room', async () => {
    const { backend, dispatcher, transactions, stored } = await startShop({
      store: inMemoryOutbox({ maxMessages: 2 }),
    });
    const sendAll = (...ids: string[]) =>
      transactions.run(() => Promise.all(ids.map((id) => dispatcher.send(new Ship(id), { id }))));
    expect(await rejectionOf(sendAll('a', 'b', 'c'))).toMatchObject({ code: 'DISPATCH_OUTBOX_FULL', maxMessages: 2 });
    await sendAll('d', 'e');
    await until('there to be room', () => stored().length === 2);
    expect(backend.batches.flat().map(({ id }) => id)).toEqual(['d', 'e']);
  });
});

it('everything that asks for the outbox is refused without the option', async () => {
  const { outbox } = await startShop(false);
  expect(outbox.isConfigured).toBe(false);
  expect(await rejectionOf(outbox.check())).toMatchObject({ code: 'DISPATCH_OUTBOX_NOT_CONFIGURED' });
});
