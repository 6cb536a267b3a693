import { describe, expect, it } from '@jest/globals';
import {
  Command,
  CommandHandler,
  Idempotent,
  inMemoryTransactions,
  Transactional,
  Transactions,
  type TransactionalOptions,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf } from '../../dispatcher/application.js';
import { CountInTransaction, startStock, Stock, Take, TakeScoped } from './stock.js';

const fail = () => Promise.reject(new RangeError('no'));

describe('a transactional handler', () => {
  it('that rejects is rolled back, and the next one is committed', async () => {
    const { dispatcher, stock } = await startStock();
    expect(await rejectionOf(dispatcher.execute(new Take('lost', fail)))).toMatchObject({ message: 'no' });
    expect(await dispatcher.execute(new Take('kept'))).toBe('taken');
    expect(stock.taken).toEqual(['kept']);
  });

  it('has written nothing that others see until it has returned', async () => {
    const { dispatcher, stock } = await startStock();
    await dispatcher.execute(new Take('kept', () => Promise.resolve(expect(stock.taken).toEqual([]))));
    expect(stock.taken).toEqual(['kept']);
  });

  it('that catches the failure of a handler that had joined it is rolled back all the same', async () => {
    const { dispatcher, stock } = await startStock();
    const doomed = dispatcher.execute(
      new Take('outer', (context) => context.execute(new Take('inner', fail)).catch(() => 'swallowed')),
    );
    expect(await rejectionOf(doomed)).toMatchObject({ code: 'DISPATCH_TRANSACTION_DOOMED' });
    expect(stock.taken).toEqual([]);
  });

  it('is joined by the handlers it calls, and committed with them', async () => {
    const { dispatcher, stock } = await startStock();
    await dispatcher.execute(
      new Take('outer', async (context) => {
        await context.execute(new Take('inner'));
        expect(stock.taken).toEqual([]);
      }),
    );
    expect(stock.taken).toEqual(['outer', 'inner']);
  });

  it('may be request-scoped', async () => {
    const { dispatcher, stock } = await startStock();
    await rejectionOf(dispatcher.execute(new TakeScoped('lost', fail)));
    await dispatcher.execute(new TakeScoped('kept'));
    expect(stock.taken).toEqual(['kept']);
  });

  it('may handle a query', async () => {
    const { dispatcher } = await startStock();
    expect(await dispatcher.query(new CountInTransaction())).toBe(true);
  });

  it('needs no ambient context', async () => {
    const { dispatcher, stock } = await startStock({ context: 'explicit' });
    await dispatcher.execute(new Take('outer', (context) => context.execute(new Take('inner'))));
    expect(stock.taken).toEqual(['outer', 'inner']);
  });

  it('is tried again in a transaction of its own', async () => {
    const { dispatcher, stock } = await startStock({
      failures: (on) => [on(RangeError).retry('1ms')],
    });
    await dispatcher.execute(new Take('sku', ({ attempt }) => (attempt === 1 ? fail() : undefined)));
    expect(stock.taken).toEqual(['sku']);
  });
});

describe('a transaction whose handler is told to stop', () => {
  it('is rolled back when its time is over, before the caller hears of it, and never committed later', async () => {
    const { dispatcher, stock } = await startStock({ timeoutMs: 20 });
    let release = (): void => undefined;
    const late = new Promise<void>((resolve) => (release = resolve));
    let after: unknown;
    const timedOut = dispatcher.execute(
      new Take('lost', async (context) => {
        await late;
        after = await rejectionOf((async () => stock.take('stray'))());
        return context.id;
      }),
    );
    expect(await rejectionOf(timedOut)).toMatchObject({ code: 'DISPATCH_HANDLER_TIMEOUT' });
    release();
    await dispatcher.execute(new Take('next'));
    expect(after).toMatchObject({ code: 'DISPATCH_NO_TRANSACTION' });
    expect(stock.taken).toEqual(['next']);
  });

  it('is rolled back when its caller gives up, although the handler returns', async () => {
    const { dispatcher, stock } = await startStock();
    const caller = new AbortController();
    const reason = new RangeError('enough');
    const given = dispatcher.execute(new Take('lost', () => caller.abort(reason)), { signal: caller.signal });
    expect(await rejectionOf(given)).toBe(reason);
    expect(stock.taken).toEqual([]);
  });

  it('is rolled back at shutdown, although the handler returns', async () => {
    const { app, dispatcher, stock } = await startStock({ drainTimeoutMs: 1 });
    let closing: Promise<void> | undefined;
    const stopped = dispatcher.execute(
      new Take('lost', async ({ signal }) => {
        closing = app.close();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return 'late';
      }),
    );
    expect(await rejectionOf(stopped)).toMatchObject({ code: 'DISPATCH_SHUTDOWN' });
    await closing;
    expect(stock.taken).toEqual([]);
  });

  it('is not begun to be worked on where it was told so before', async () => {
    const { dispatcher, stock } = await startStock();
    const signal = AbortSignal.abort(new RangeError('enough'));
    expect(await rejectionOf(dispatcher.execute(new Take('lost'), { signal }))).toMatchObject({ message: 'enough' });
    expect(stock.taken).toEqual([]);
  });
});

describe('the client', () => {
  it('is refused outside of a transaction', async () => {
    const { app } = await startStock();
    expect(() => app.get(Stock).take('stray')).toThrow(expect.objectContaining({ code: 'DISPATCH_NO_TRANSACTION' }));
    await app.get(Transactions).run(async () => app.get(Stock).take('kept'));
    expect(app.get(Stock).taken).toEqual(['kept']);
  });
});

class Pay extends Command {}

@Idempotent()
@Transactional()
@CommandHandler(Pay)
class PayHandler {
  execute(): void {}
}

@Transactional({ isolation: 'snapshot', readOnly: true } as unknown as TransactionalOptions)
@CommandHandler(Pay)
class WrongHandler {
  execute(): void {}
}

@Transactional()
class Bystander {}

describe('mistakes at bootstrap', () => {
  it('name a transactional handler where the application has no transactions', async () => {
    const [mistake] = await mistakesOf({ providers: [PayHandler] });
    expect(mistake).toMatchObject({ rule: 'missing-transactions' });
    expect(mistake?.text).toMatch(/PayHandler.*"transactions"/);
  });

  it('name every wrong option, and a class that handles nothing', async () => {
    const options = { transactions: { scope: inMemoryTransactions() } };
    const texts = (await mistakesOf({ providers: [WrongHandler, Bystander], options })).map(({ text }) => text);
    expect(texts).toEqual([
      expect.stringMatching(/Bystander.*@Transactional and handles nothing/),
      expect.stringMatching(/@Transactional of WrongHandler.*isolation.*'snapshot'|"snapshot"/),
      expect.stringMatching(/"readOnly", which is unknown/),
    ]);
  });
});
