import { describe, expect, it } from '@jest/globals';
import { Event, EventsHandler, Transactions, type HandlerContext } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { startStock, Take } from './stock.js';

class Taken extends Event {
  constructor(readonly sku: string) {
    super();
  }
}

const heard: string[] = [];

@EventsHandler(Taken)
class TakenHandler {
  handle({ sku }: Taken): void {
    heard.push(sku);
  }
}

type Late = (context: HandlerContext, transactions: Transactions) => Promise<unknown>;

/** Has a handler do something after its time is over and its transaction rolled back. @returns what that rejected with */
async function afterItsTime(late: Late) {
  heard.length = 0;
  const { app, dispatcher, ...rest } = await startStock({ timeoutMs: 20 }, { providers: [TakenHandler] });
  let goOn = (): void => undefined;
  const told = new Promise<void>((resolve) => (goOn = resolve));
  let became: Promise<unknown> = Promise.resolve();
  const timedOut = dispatcher.execute(
    new Take('lost', (context) => {
      became = told.then(() => rejectionOf(late(context, app.get(Transactions))));
      return became.catch(() => undefined);
    }),
  );
  expect(await rejectionOf(timedOut)).toMatchObject({ code: 'DISPATCH_HANDLER_TIMEOUT' });
  goOn();
  return { ...rest, error: await became, dispatcher };
}

describe('a transactional handler that goes on although its time is over and all was rolled back', () => {
  it.each<[string, Late]>([
    ['publish an event', (context) => context.publish(new Taken('lost'))],
    ['publish an event and wait', (context) => context.publishAndWait(new Taken('lost'))],
    ['begin another transaction', (_context, transactions) => transactions.run(() => Promise.resolve())],
    ['have a handler begin another transaction', (context) => context.execute(new Take('half'), { timeoutMs: 0 })],
  ])('cannot %s', async (_what, late) => {
    const { error, stock } = await afterItsTime(late);
    expect(error).toMatchObject({ code: 'DISPATCH_TRANSACTION_OVER' });
    expect([heard, stock.taken]).toEqual([[], []]);
  });

  it('does not keep what it has left behind from working once it has ended', async () => {
    let later: Promise<unknown> = Promise.resolve();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const { dispatcher } = await afterItsTime(async (context, transactions) => {
      later = ended.then(() => transactions.run(() => context.publish(new Taken('later'))));
      throw new RangeError('stopped');
    });
    await dispatcher.execute(new Take('next'));
    end();
    await later;
    expect(heard).toEqual(['later']);
  });
});
