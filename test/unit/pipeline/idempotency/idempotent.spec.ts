import { describe, expect, it } from '@jest/globals';
import { IsInt } from 'class-validator';
import {
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  HandlerTimeoutError,
  Idempotent,
  InSequence,
  RateLimit,
  SharedFailureError,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../../dispatcher/application.js';
import { ChargeCard, startCharging } from './charging.js';

class DeclinedError extends Error {
  override readonly name = 'DeclinedError';
  readonly code = 'DECLINED';
}

class OrderPlaced extends Event {}
class OrderPaid extends Event {}

class Weigh extends Command<number> {
  @IsInt() readonly grams: unknown;
  constructor(grams: unknown) {
    super();
    this.grams = grams;
  }
}

type Decorate = (target: new () => object) => void;

/** Fails at what the rules of the message forbid. */
const readKey = ({ grams }: Weigh): string => (grams as number).toFixed();

describe('a handler that is @Idempotent', () => {
  it('runs for the first caller; those who come meanwhile and later get the same result', async () => {
    const { dispatcher, runs, begun } = await startCharging();
    const callers = [1, 2, 3].map(() => dispatcher.execute(new ChargeCard('7')));
    const result = { paidAt: new Date(0), cents: 5n };
    (await begun(0)).end.resolve(result);
    expect(await Promise.all(callers)).toEqual([result, result, result]);
    expect(await dispatcher.execute(new ChargeCard('7'))).toEqual(result);
    expect(runs).toHaveLength(1);
  });

  it('gives undefined to a duplicate where the first returned nothing', async () => {
    const { dispatcher, runs, begun } = await startCharging();
    const first = dispatcher.execute(new ChargeCard('7'));
    (await begun(0)).end.resolve(undefined);
    expect([await first, await dispatcher.execute(new ChargeCard('7'))]).toEqual([undefined, undefined]);
    expect(runs).toHaveLength(1);
  });

  it('runs for each key, and without a key function for each message id', async () => {
    const keyed = await startCharging();
    void keyed.dispatcher.execute(new ChargeCard('7'));
    void keyed.dispatcher.execute(new ChargeCard('8'));
    for (const index of [0, 1]) (await keyed.begun(index)).end.resolve(index);
    const { dispatcher, begun, runs } = await startCharging({ key: undefined as never });
    const callers = ['a', 'b', 'a'].map((id) => dispatcher.execute(new ChargeCard('7'), { id }));
    for (const index of [0, 1]) (await begun(index)).end.resolve(index);
    expect(await Promise.all(callers)).toEqual([0, 1, 0]);
    expect(runs).toHaveLength(2);
  });

  it('gives the error to those who waited, with its name and code, and runs for the next', async () => {
    const { dispatcher, runs, begun } = await startCharging();
    const [first, second] = [1, 2].map(() => rejectionOf(dispatcher.execute(new ChargeCard('7'))));
    const error = new DeclinedError('no funds');
    (await begun(0)).end.reject(error);
    expect(await first).toBe(error);
    expect(await second).toBeInstanceOf(SharedFailureError);
    expect(await second).toMatchObject({ name: 'DeclinedError', message: 'no funds', code: 'DECLINED' });
    const third = dispatcher.execute(new ChargeCard('7'));
    (await begun(1)).end.resolve('paid');
    expect(await third).toBe('paid');
    expect(runs).toHaveLength(2);
  });

  it('gives an error that has no code one of its own', async () => {
    const { dispatcher, begun } = await startCharging();
    const [, second] = [1, 2].map(() => rejectionOf(dispatcher.execute(new ChargeCard('7'))));
    (await begun(0)).end.reject('a text');
    expect(await second).toMatchObject({ name: 'Error', message: 'a text', code: 'DISPATCH_SHARED_FAILURE' });
  });

  it('keeps what concerns one caller from the others: where it gave up, the next of those who wait runs', async () => {
    const { dispatcher, begun } = await startCharging();
    const giving = new AbortController();
    const first = rejectionOf(dispatcher.execute(new ChargeCard('7'), { signal: giving.signal }));
    const { context, end } = await begun(0);
    context.signal.addEventListener('abort', () => end.reject(context.signal.reason));
    const second = dispatcher.execute(new ChargeCard('7'));
    giving.abort(new RangeError('enough'));
    (await begun(1)).end.resolve('paid');
    expect(await first).toMatchObject({ message: 'enough' });
    expect(await second).toBe('paid');
  });

  it('does not have an invalid message answer for a valid one of its key', async () => {
    @Idempotent({ key: () => 'the scales' })
    @CommandHandler(Weigh)
    class WeighHandler {
      execute({ grams }: Weigh): number {
        return Number(grams);
      }
    }
    const { dispatcher } = await start({ providers: [WeighHandler] });
    const outcomes = await Promise.allSettled(['heavy', 5, 6].map((grams) => dispatcher.execute(new Weigh(grams))));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(outcomes.slice(1)).toEqual([
      { status: 'fulfilled', value: 5 },
      { status: 'fulfilled', value: 5 },
    ]);
  });

  it.each<[string, Decorate]>([
    ['Idempotent', Idempotent({ key: readKey })],
    ['InSequence', InSequence({ key: readKey, sequence: ({ grams }: Weigh) => Number(grams) })],
    ['RateLimit', RateLimit({ max: 1, durationMs: 60_000, key: readKey })],
  ])(
    'is asked for no key where the message is invalid, as with @%s, and takes the next one',
    async (_name, decorate) => {
      @CommandHandler(Weigh)
      class WeighHandler {
        execute({ grams }: Weigh): number {
          return Number(grams);
        }
      }
      decorate(WeighHandler);
      const { dispatcher } = await start({ providers: [WeighHandler] });
      const error = await rejectionOf(dispatcher.execute(new Weigh(undefined)));
      expect(error).toMatchObject({ code: 'DISPATCH_INVALID_MESSAGE', violations: [{ path: 'grams' }] });
      expect(await dispatcher.execute(new Weigh(1))).toBe(1);
    },
  );

  it('is apart from other handlers and other messages with the same key', async () => {
    const seen: string[] = [];
    const noting = (name: string) => {
      @Idempotent({ key: () => 'one key' })
      @EventsHandler(OrderPlaced, OrderPaid)
      class Noting {
        handle(event: object): void {
          seen.push(`${name} ${event.constructor.name}`);
        }
      }
      Object.defineProperty(Noting, 'name', { value: name });
      return Noting;
    };
    const { dispatcher } = await start({ providers: [noting('Mailer'), noting('Ledger')] });
    for (const event of [new OrderPlaced(), new OrderPaid(), new OrderPlaced()]) {
      await dispatcher.publishAndWait(event);
    }
    const all = ['Mailer OrderPlaced', 'Ledger OrderPlaced', 'Mailer OrderPaid', 'Ledger OrderPaid'];
    expect(seen.toSorted()).toEqual(all.toSorted());
  });
});

describe('waiting for another one', () => {
  it('ends after waitMs with an error that says so; the one that runs goes on', async () => {
    const { dispatcher, runs, begun } = await startCharging({ waitMs: 20 });
    const first = dispatcher.execute(new ChargeCard('7'));
    const { end } = await begun(0);
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('7'), { id: 'm2' }));
    expect(error).toMatchObject({
      code: 'DISPATCH_IDEMPOTENCY_TIMEOUT',
      waitMs: 20,
      call: { handlerName: 'ChargeCardHandler', messageName: 'ChargeCard', messageId: 'm2' },
    });
    end.resolve('paid');
    expect([await first, await dispatcher.execute(new ChargeCard('7'))]).toEqual(['paid', 'paid']);
    expect(runs).toHaveLength(1);
  });

  it('does not begin with waitMs 0', async () => {
    const { dispatcher, begun } = await startCharging({ waitMs: 0 });
    const first = dispatcher.execute(new ChargeCard('7'));
    const { end } = await begun(0);
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('7')));
    expect(error).toMatchObject({ code: 'DISPATCH_IDEMPOTENCY_TIMEOUT' });
    end.resolve('paid');
    await first;
  });

  it('ends when the one who waits gives up', async () => {
    const { dispatcher, begun } = await startCharging();
    const first = dispatcher.execute(new ChargeCard('7'));
    const { end } = await begun(0);
    const giving = new AbortController();
    const second = rejectionOf(dispatcher.execute(new ChargeCard('7'), { signal: giving.signal }));
    giving.abort(new RangeError('enough'));
    expect(await second).toMatchObject({ message: 'enough' });
    end.resolve('paid');
    expect(await first).toBe('paid');
  });

  it("is not the handler's time", async () => {
    const { dispatcher, begun } = await startCharging();
    const first = dispatcher.execute(new ChargeCard('7'));
    const { end } = await begun(0);
    const second = dispatcher.execute(new ChargeCard('7'), { timeoutMs: 1 });
    setTimeout(() => end.resolve('paid'), 30);
    expect(await Promise.all([first, second])).toEqual(['paid', 'paid']);
  });
});

describe('an idempotent handler that is not done within its time limit', () => {
  it('keeps its key until it ends, and its result is given to the next attempt', async () => {
    const { dispatcher, runs, begun } = await startCharging();
    const first = rejectionOf(dispatcher.execute(new ChargeCard('7'), { timeoutMs: 1 }));
    expect(await first).toBeInstanceOf(HandlerTimeoutError);
    const second = dispatcher.execute(new ChargeCard('7'));
    (await begun(0)).end.resolve('paid late');
    expect(await second).toBe('paid late');
    expect(runs).toHaveLength(1);
  });

  it('frees its key where it fails in the end', async () => {
    const { dispatcher, begun } = await startCharging();
    await rejectionOf(dispatcher.execute(new ChargeCard('7'), { timeoutMs: 1 }));
    (await begun(0)).end.reject(new DeclinedError('no funds'));
    const second = dispatcher.execute(new ChargeCard('7'));
    (await begun(1)).end.resolve('paid');
    expect(await second).toBe('paid');
  });
});
