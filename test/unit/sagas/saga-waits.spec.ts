import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { OnError, retry, type FailureSteps } from 'nestjs-dispatch';
import { take } from 'rxjs';

import { rejectionOf } from '../dispatcher/application.js';
import { HOUR_MS, NoAddress, OrderPlaced, sagaClass, shippingBut, startSagas, startWith } from './shipping.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('a wait for another attempt of a saga', () => {
  it('ends when the application closes, which does not wait for it, and the failure is reported', async () => {
    const { app, publish, failures, attempts } = await startWith(retry('1h'), { a: 2 });
    await publish('a');
    await app.close();
    expect([failures, attempts]).toEqual([[new NoAddress()], ['a']]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends with a report where the saga has ended meanwhile', async () => {
    const { saga } = shippingBut({ a: 1 });
    let isOver = false;
    const type = sagaClass((events$) => (isOver ? saga(events$).pipe(take(1)) : saga(events$)));
    OnError(NoAddress, retry('1h'))(type);
    const { publish, shipped, failures } = await startSagas([type]);
    isOver = true;
    await publish('a', 'b');
    await jest.advanceTimersByTimeAsync(HOUR_MS);
    expect([shipped, failures]).toEqual([['b'], [new NoAddress()]]);
  });

  it('is not waited for by who publishes and waits for sagas', async () => {
    const { dispatcher, shipped } = await startWith(retry('1h'), { a: 1 });
    await dispatcher.publishAndWait(new OrderPlaced('a'), { await: 'sagas' });
    expect(shipped).toEqual([]);
    await jest.advanceTimersByTimeAsync(HOUR_MS);
    expect(shipped).toEqual(['a']);
  });
});

describe('the command of a saga that has failed for good', () => {
  const commandSaga = (steps: FailureSteps) => {
    const type = sagaClass(shippingBut({}).saga);
    OnError(RangeError, steps)(type);
    return type;
  };

  it('is dropped by discard at the end of a rule, and who waits for sagas still hears of it', async () => {
    const { publish, dispatcher, failures, discarded } = await startSagas([
      commandSaga(retry('1h').thenDiscard('no trucks here')),
    ]);
    await publish('lost');
    await setImmediate();
    expect(failures).toEqual([]);
    const told = { saga: 'OrderSaga.ship', event: { orderId: 'lost' }, command: { orderId: 'lost' } };
    expect(discarded).toMatchObject([{ ...told, error: new RangeError('no truck'), reason: 'no trucks here' }]);
    const waiting = dispatcher.publishAndWait(new OrderPlaced('lost'), { await: 'sagas' });
    expect(await rejectionOf(waiting)).toMatchObject({ errors: [new RangeError('no truck')] });
  });

  it('is not sent again, but reported, by any other rule', async () => {
    const { publish, failures, shipped } = await startSagas([commandSaga(retry('0ms').thenSchedule('0ms'))]);
    await publish('lost');
    await jest.advanceTimersByTimeAsync(10);
    await publish('b');
    expect([failures, shipped]).toEqual([[new RangeError('no truck')], ['b']]);
  });
});
