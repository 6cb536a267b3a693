import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  deadLetter,
  discard,
  ofType,
  OnError,
  requeue,
  retry,
  RetryLaterError,
  schedule,
  UnrecoverableError,
  type FailureSteps,
} from 'nestjs-dispatch';
import { mergeMap } from 'rxjs';

import { start } from '../dispatcher/application.js';
import { commandHandler } from '../dispatcher/handlers.js';
import {
  HOUR_MS,
  NoAddress,
  OrderPlaced,
  sagaClass,
  ShipOrder,
  shippingBut,
  startSagas,
  startWith,
  type Shipping,
} from './shipping.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('a saga that fails at an event for which its class has a rule', () => {
  it.each<[string, FailureSteps, number]>([
    ['retry', retry('1h', '1h'), HOUR_MS],
    ['schedule', schedule('1h', '1h'), HOUR_MS],
    ['requeue', requeue(2), 0],
  ])('is shown it again by %s, not before the wait is over', async (_verb, steps, waitMs) => {
    const { publish, shipped, failures, attempts, log } = await startWith(steps, { a: 2 });
    await publish('a');
    expect(attempts).toEqual(['a']);
    if (waitMs > 0) await jest.advanceTimersByTimeAsync(waitMs - 1);
    expect(attempts).toEqual(['a']);
    await jest.advanceTimersToNextTimerAsync();
    expect(attempts).toEqual(['a', 'a']);
    await jest.advanceTimersToNextTimerAsync();
    expect([shipped, failures]).toEqual([['a'], []]);
    expect(log.lines).toEqual([
      expect.stringMatching(/^warn The saga OrderSaga\.ship failed at the event "OrderPlaced".*attempt 1; again in/),
      expect.stringMatching(/attempt 2; again in/),
    ]);
  });

  it('reacts to later events meanwhile, as do other sagas', async () => {
    const failing = shippingBut({ a: 1 });
    const type = sagaClass(failing.saga);
    OnError(NoAddress, retry('1h'))(type);
    const { publish, shipped } = await startSagas([type, sagaClass(shippingBut({}).saga, 'OtherSaga')]);
    await publish('a', 'b');
    expect(shipped).toEqual(['a', 'b', 'b']);
    await jest.advanceTimersByTimeAsync(HOUR_MS);
    expect(shipped).toEqual(['a', 'b', 'b', 'a']);
  });

  it('counts the attempts of each event, and reports the last failure of one', async () => {
    const { publish, shipped, failures, attempts } = await startWith(retry('0ms', '0ms'), { a: 9, b: 2 });
    await publish('a', 'b');
    await jest.advanceTimersByTimeAsync(10);
    expect(attempts.toSorted()).toEqual(['a', 'a', 'a', 'b', 'b', 'b']);
    expect([shipped, failures]).toEqual([['b'], [new NoAddress()]]);
    await publish('c');
    expect(shipped).toEqual(['b', 'c']);
  });

  it('drops it by discard, which a notification and the debug log tell, and nothing else does', async () => {
    const { publish, shipped, failures, discarded, log } = await startWith(discard('a test order'), { a: 1 });
    await publish('a', 'b');
    expect([shipped, failures]).toEqual([['b'], []]);
    expect(discarded).toMatchObject([
      { saga: 'OrderSaga.ship', event: { orderId: 'a' }, command: undefined, reason: 'a test order' },
    ]);
    const drops =
      /^debug The saga OrderSaga\.ship drops its failure at the event "OrderPlaced" \(.+\), a test order: no address/;
    expect(log.lines).toEqual([expect.stringMatching(drops)]);
  });

  it.each<[string, FailureSteps]>([
    ['deadLetter', deadLetter('shipping')],
    ['deadLetter with a rest for the queue', deadLetter().pauseQueue('1h')],
  ])('reports it by %s, and is shown nothing again', async (_verb, steps) => {
    const { publish, shipped, failures, discarded } = await startWith(steps, { a: 1 });
    await publish('a', 'b');
    expect([shipped, failures, discarded]).toEqual([['b'], [new NoAddress()], []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has the event as the cause of what it sends at its second attempt', async () => {
    const { saga } = shippingBut({ a: 1 });
    const type = sagaClass(saga);
    OnError(NoAddress, retry('1h'))(type);
    const causes: unknown[] = [];
    const handler = commandHandler(ShipOrder, (_command, { causationId }) => void causes.push(causationId));
    const { dispatcher } = await start({ providers: [type, handler] });
    await dispatcher.publish(new OrderPlaced('a'), { id: 'the order' });
    await jest.advanceTimersByTimeAsync(HOUR_MS);
    expect(causes).toEqual(['the order']);
  });
});

describe('the failure rules of sagas', () => {
  it('are asked after those of the class where the module has them, and after the function', async () => {
    const asked: unknown[] = [];
    const { saga, attempts } = shippingBut({ a: 1 });
    const { publish, shipped } = await startSagas([sagaClass(saga)], {
      failures: (on) => [on(NoAddress).retry('1h')],
      failurePolicy: ({ error: _error, ...failure }, next) => {
        asked.push(failure);
        return next();
      },
    });
    await publish('a');
    await jest.advanceTimersByTimeAsync(HOUR_MS);
    expect([attempts, shipped]).toEqual([['a', 'a'], ['a']]);
    const facts = { attempt: 1, runMode: 'sync', handlerName: 'OrderSaga.ship', queue: undefined };
    expect(asked).toEqual([{ ...facts, messageName: 'OrderPlaced', messageKind: 'event' }]);
  });

  it('leave errors they do not fit, UnrecoverableError and RetryLaterError to be reported at once', async () => {
    const errors = [new RangeError('odd'), new UnrecoverableError('closed'), new RetryLaterError(10)];
    const left = [...errors];
    const { saga, attempts } = shippingBut({ a: 1, b: 1, c: 1 }, () => left.shift() ?? new Error());
    const type = sagaClass(saga);
    OnError(NoAddress, retry('1h'))(type);
    const { publish, failures } = await startSagas([type]);
    await publish('a', 'b', 'c');
    expect([attempts, failures]).toEqual([['a', 'b', 'c'], errors]);
  });

  it('end after 100 attempts where a function decides', async () => {
    const { saga, attempts } = shippingBut({ a: Infinity });
    const { publish, failures } = await startSagas([sagaClass(saga)], { failurePolicy: () => ({ action: 'requeue' }) });
    await publish('a');
    await jest.advanceTimersByTimeAsync(1000);
    expect([attempts.length, failures]).toEqual([100, [new NoAddress()]]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('are not asked about an error for which no event can be told', async () => {
    const saga: Shipping = (events$) =>
      events$.pipe(
        ofType(OrderPlaced),
        mergeMap(async ({ orderId }) => {
          await setImmediate();
          if (orderId === 'a') throw new NoAddress();
          return new ShipOrder(orderId);
        }),
      );
    const type = sagaClass(saga);
    OnError(NoAddress, retry('0ms'))(type);
    const { publish, failures, shipped } = await startSagas([type]);
    await publish('a');
    await setImmediate();
    await publish('b');
    await setImmediate();
    expect([failures, shipped]).toEqual([[new NoAddress()], ['b']]);
  });

  it('are for what a saga throws when it is started again', async () => {
    let startCount = 0;
    const { saga } = shippingBut({ a: 1 });
    const type = sagaClass((events$) => {
      startCount += 1;
      if (startCount === 2) throw new NoAddress();
      return saga(events$);
    });
    OnError(NoAddress, retry('0ms', '0ms'))(type);
    const { publish, shipped, failures } = await startSagas([type]);
    await publish('a');
    await jest.advanceTimersByTimeAsync(10);
    expect([startCount, shipped, failures]).toEqual([3, ['a'], []]);
  });

  it('let a thousand events of one saga wait, and give up on one more', async () => {
    const orderIds = Array.from({ length: 1001 }, (_, index) => `order ${index}`);
    const { publish, shipped, failures } = await startWith(
      retry('1h'),
      Object.fromEntries(orderIds.map((orderId) => [orderId, 1])),
    );
    await publish(...orderIds);
    expect(failures).toEqual([new NoAddress()]);
    await jest.advanceTimersByTimeAsync(HOUR_MS);
    expect(shipped).toHaveLength(1000);
  });
});
