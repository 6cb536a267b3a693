import { describe, expect, it } from '@jest/globals';
import { Command, isDispatchError } from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { MODES, startIn } from './modes.js';
import {
  FailOrder,
  FailOrderHandler,
  GetTotal,
  GetTotalHandler,
  Journal,
  PayOrder,
  PayOrderHandler,
  Ping,
  PingHandler,
  PlaceOrder,
  PlaceOrderHandler,
  type Flaw,
} from './orders.js';

const providers = [Journal, PlaceOrderHandler, PayOrderHandler, PingHandler, FailOrderHandler, GetTotalHandler];
const dueAt = new Date('2026-11-21T12:00:00Z');

/** What of an error is the same wherever its handler ran. */
function tellingOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  return { name, message, code: Reflect.get(error, 'code') };
}

describe.each(MODES)('through $name', (mode) => {
  it('a handler gets an instance of its message, with Date, bigint and Map, and its caller as much back', async () => {
    const { dispatcher } = await startIn(mode, { providers });
    const order = new PlaceOrder('7', dueAt, 2n ** 70n, new Map([['tea', 3]]));
    expect(await dispatcher.execute(order)).toEqual({
      orderId: '7',
      seen: [true, false, dueAt, 3],
      placedAt: new Date(dueAt.getTime() + 1),
      totalCents: 2n ** 70n + 1n,
      stock: new Map([['tea', dueAt]]),
      tags: new Set(['new']),
      digest: new Uint8Array([1, 2]),
      note: null,
    });
  });

  it('a handler gets the parts of its message as instances where their classes are declared', async () => {
    const { dispatcher } = await startIn(mode, { providers });
    expect(await dispatcher.execute(PayOrder.of(7, 1250))).toBe('7 for 12.5 EUR');
  });

  it('a handler that returns nothing resolves with nothing', async () => {
    const { dispatcher } = await startIn(mode, { providers });
    expect(await dispatcher.execute(new Ping())).toBeUndefined();
  });

  it('a query is answered, and rejects as its handler does', async () => {
    const { dispatcher } = await startIn(mode, { providers });
    expect(await dispatcher.query(new GetTotal(['1', '2']))).toBe(200n);
    expect(tellingOf(await rejectionOf(dispatcher.query(new GetTotal([]))))).toMatchObject({
      name: 'RangeError',
      message: 'no orders',
    });
  });

  it.each([
    ['plain', { name: 'RangeError', message: 'no such order' }],
    ['coded', { name: 'OutOfStockError', message: 'no tea', code: 'OUT_OF_STOCK' }],
    ['ours', { name: 'ClosedForStocktakingError', message: 'come back tomorrow', code: 'SHOP_CLOSED' }],
  ] satisfies [Flaw, object][])('name, message and code of a %s error reach the caller', async (flaw, error) => {
    const { dispatcher } = await startIn(mode, { providers });
    expect(tellingOf(await rejectionOf(dispatcher.execute(new FailOrder(flaw))))).toMatchObject(error);
    await expect(dispatcher.execute(new FailOrder(undefined))).resolves.toBeUndefined();
  });

  it('an error of this package is known by its code', async () => {
    const { dispatcher } = await startIn(mode, { providers });
    const error = await rejectionOf(dispatcher.execute(new FailOrder('ours')));
    expect(isDispatchError(error, 'SHOP_CLOSED')).toBe(true);
  });

  it('a message that breaks its rules is refused before its handler, and the next one is handled', async () => {
    const { app, dispatcher } = await startIn(mode, { providers });
    const error = await rejectionOf(dispatcher.execute(PayOrder.of(1.5, 1250)));
    expect(tellingOf(error)).toMatchObject({ name: 'InvalidMessageError', code: 'DISPATCH_INVALID_MESSAGE' });
    expect(String(error)).toContain('orderId must be an integer number');
    expect(await dispatcher.execute(PayOrder.of(8, 100))).toBe('8 for 1 EUR');
    expect(app.get(Journal).entries).toEqual(['pay 8']);
  });

  it('a message that nobody handles is refused at once', async () => {
    class Unknown extends Command {}
    const { dispatcher } = await startIn(mode, { providers });
    expect(tellingOf(await rejectionOf(dispatcher.execute(new Unknown())))).toMatchObject({
      name: 'CommandHandlerNotFoundException',
      code: 'DISPATCH_HANDLER_NOT_FOUND',
    });
  });

  it('many messages at once each get their own result or error', async () => {
    const { dispatcher } = await startIn(mode, { providers, settings: { concurrency: 10 } });
    const ids = Array.from({ length: 40 }, (_, index) => index + 1);
    const ends = await Promise.allSettled(
      ids.map((id) =>
        id % 4 === 0 ? dispatcher.execute(new FailOrder('coded')) : dispatcher.execute(PayOrder.of(id, 100)),
      ),
    );
    const told = ends.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as Error).message));
    expect(told).toEqual(ids.map((id) => (id % 4 === 0 ? 'no tea' : `${id} for 1 EUR`)));
  });
});
