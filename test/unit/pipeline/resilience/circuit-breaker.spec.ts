import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  CircuitBreaker,
  CircuitBreakerBehavior,
  CircuitBreakers,
  CircuitOpenError,
  Command,
  Event,
  EventHandlerFailedError,
  EventsHandler,
  InvalidMessageError,
  isDispatchError,
  SkipBehavior,
  UnrecoverableError,
  type DispatchOptions,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { startQueued, until } from '../../run-modes/queued-application.js';
import { Charge, DOWN, failing, handlerOf, Refund, SENSITIVE, startCharging } from './charging.js';

class Unheard extends Event {}

afterEach(() => void jest.useRealTimers());

describe('a handler with a circuit of its own', () => {
  it('is not called while it is open, and its caller is told when to come again', async () => {
    const { dispatcher, does, log } = await startCharging(SENSITIVE);
    does(failing());
    expect(await rejectionOf(dispatcher.execute(new Charge()))).toBe(DOWN);
    does(() => 'called all the same');
    const error = await rejectionOf(dispatcher.execute(new Charge()));
    expect(isDispatchError(error, 'DISPATCH_CIRCUIT_OPEN') && error).toMatchObject({ circuit: 'ChargeHandler' });
    expect((error as CircuitOpenError).retryAfterMs).toBeGreaterThan(50_000);
    expect(log.lines).toContain(
      'warn The circuit "ChargeHandler" opens for 60000 ms, 1 of 1 calls failed: the bank does not answer',
    );
  });

  it.each<[string, (application: Awaited<ReturnType<typeof startCharging>>) => Promise<unknown>]>([
    ['an invalid message', ({ dispatcher }) => dispatcher.execute(new Charge(-1))],
    [
      'an UnrecoverableError',
      ({ dispatcher, does }) => {
        does(failing(new UnrecoverableError('the card is closed')));
        return dispatcher.execute(new Charge());
      },
    ],
    [
      'a caller who gave up',
      ({ dispatcher, does }) => {
        const controller = new AbortController();
        does(() => {
          controller.abort();
          throw DOWN;
        });
        return dispatcher.execute(new Charge(), { signal: controller.signal });
      },
    ],
  ])('does not open for %s', async (_what, fail) => {
    const application = await startCharging(SENSITIVE);
    await rejectionOf(fail(application));
    application.does(() => 'done');
    expect(await application.dispatcher.execute(new Charge())).toBe('done');
  });

  it('opens for a handler that takes too long', async () => {
    const { dispatcher, does } = await startCharging(SENSITIVE);
    const gate = deferred();
    does(() => gate.promise);
    const error = await rejectionOf(dispatcher.execute(new Charge(), { timeoutMs: 5 }));
    gate.resolve();
    expect(isDispatchError(error, 'DISPATCH_HANDLER_TIMEOUT')).toBe(true);
    expect(isDispatchError(await rejectionOf(dispatcher.execute(new Charge())), 'DISPATCH_CIRCUIT_OPEN')).toBe(true);
  });

  it('opens for what it says counts, and for anything where it cannot say', async () => {
    const { dispatcher, does, log } = await startCharging({
      ...SENSITIVE,
      countsAsFailure: (error) => {
        if (error instanceof TypeError) throw new Error('cannot say');
        return error !== DOWN;
      },
    });
    does(failing());
    expect(await rejectionOf(dispatcher.execute(new Charge()))).toBe(DOWN);
    does(failing(new TypeError('x')));
    expect(await rejectionOf(dispatcher.execute(new Charge()))).toBeInstanceOf(TypeError);
    expect(isDispatchError(await rejectionOf(dispatcher.execute(new Charge())), 'DISPATCH_CIRCUIT_OPEN')).toBe(true);
    expect(log.lines.join()).toContain('"countsAsFailure" of the circuit "ChargeHandler" has thrown: cannot say');
  });

  it('is one for each application in a process', async () => {
    const charging = handlerOf(Charge, SENSITIVE);
    const [one, other] = [await start({ providers: [charging.type] }), await start({ providers: [charging.type] })];
    charging.does(failing());
    await rejectionOf(one.dispatcher.execute(new Charge()));
    charging.does(() => 'done');
    expect(await other.dispatcher.execute(new Charge())).toBe('done');
  });
});

describe('a circuit with a name', () => {
  it('is shared by handlers and by calls of any kind', async () => {
    const [charging, refunding] = [
      handlerOf(Charge, { name: 'bank', ...SENSITIVE }),
      handlerOf(Refund, { name: 'bank' }),
    ];
    const { app, dispatcher } = await start({ providers: [charging.type, refunding.type] });
    const breakers = app.get(CircuitBreakers);
    expect(await breakers.run('bank', () => 'rate')).toBe('rate');
    charging.does(failing());
    await rejectionOf(dispatcher.execute(new Charge()));
    for (const refused of [dispatcher.execute(new Refund()), breakers.run('bank', () => 'rate')]) {
      expect(await rejectionOf(refused)).toMatchObject({ code: 'DISPATCH_CIRCUIT_OPEN', circuit: 'bank' });
    }
    expect(breakers.state('bank')).toBe('open');
  });

  it('counts a call that fails inside a handler once', async () => {
    const bank = { consecutiveFailures: 2, openMs: 60_000 };
    const { app, dispatcher, does } = await startCharging({ name: 'bank' }, { circuits: { bank } });
    const breakers = app.get(CircuitBreakers);
    await rejectionOf(breakers.run('bank', failing()));
    await rejectionOf(breakers.run('bank', failing()));
    expect(breakers.state('bank')).toBe('open');
    does(() => breakers.run('bank', failing()));
    expect(await rejectionOf(dispatcher.execute(new Charge()))).toMatchObject({ code: 'DISPATCH_CIRCUIT_OPEN' });
  });

  it('must be known', async () => {
    const { app } = await startCharging(undefined);
    const error = await rejectionOf(app.get(CircuitBreakers).run('bnak', () => 1));
    expect(isDispatchError(error, 'DISPATCH_UNKNOWN_CIRCUIT') && error.message).toContain('"bnak"');
  });
});

describe('where a circuit comes from', () => {
  it('is the module, for handlers that have none, each its own', async () => {
    const [charging, refunding] = [handlerOf(Charge, undefined), handlerOf(Refund, undefined)];
    const options: DispatchOptions = { resilience: { circuitBreaker: SENSITIVE } };
    const { dispatcher } = await start({ providers: [charging.type, refunding.type], options });
    charging.does(failing());
    await rejectionOf(dispatcher.execute(new Charge()));
    expect(await rejectionOf(dispatcher.execute(new Charge()))).toBeInstanceOf(CircuitOpenError);
    expect(await dispatcher.execute(new Refund())).toBe('done');
  });

  it('is the message, whose handlers have one each, and a message may be exempt', async () => {
    @CircuitBreaker(SENSITIVE)
    class Charged extends Event {}
    @SkipBehavior(CircuitBreakerBehavior)
    class Exempt extends Command<string> {}
    const calls: string[] = [];
    @EventsHandler(Charged)
    class Failing {
      handle(): void {
        calls.push('failing');
        throw DOWN;
      }
    }
    @EventsHandler(Charged)
    class Working {
      handle(): void {
        calls.push('working');
      }
    }
    const exempt = handlerOf(Exempt, SENSITIVE);
    exempt.does(failing());
    const { dispatcher } = await start({ providers: [Failing, Working, exempt.type] });
    await rejectionOf(dispatcher.publishAndWait(new Charged()));
    const error = (await rejectionOf(dispatcher.publishAndWait(new Charged()))) as AggregateError;
    expect(error.errors[0]).toBeInstanceOf(EventHandlerFailedError);
    expect(calls).toEqual(['failing', 'working', 'working']);
    await rejectionOf(dispatcher.execute(new Exempt()));
    expect(await rejectionOf(dispatcher.execute(new Exempt()))).toBe(DOWN);
  });
});

describe('messages behind a queue that wait for a circuit to be tried', () => {
  it('go back at shutdown although the one that tries has not ended', async () => {
    const gate = deferred();
    const charging = handlerOf(Charge, { consecutiveFailures: 1, openMs: 20 });
    charging.does(failing());
    const application = await startQueued({
      providers: [charging.type],
      options: { queues: { defaults: { concurrency: 3, maxAttempts: 1 } }, drainTimeoutMs: 1000 },
    });
    const { app, dispatcher } = application;
    // Time stands still, so that the one that tries never counts as hanging.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    await rejectionOf(dispatcher.execute(new Charge()));
    let calls = 0;
    charging.does(() => {
      calls += 1;
      return gate.promise;
    });
    const results = [1, 2, 3].map((cents) => dispatcher.execute(new Charge(cents)));
    const settled = Promise.allSettled(results);
    await until('one to be let through', async () => {
      await jest.advanceTimersByTimeAsync(calls === 0 ? 20 : 0);
      return calls === 1;
    });
    const closed = app.close();
    await until('closing to begin', () =>
      dispatcher.publish(new Unheard()).then(
        () => false,
        (error: unknown) => isDispatchError(error, 'DISPATCH_CLOSED'),
      ),
    );
    gate.resolve();
    // What closing waits for may be timers.
    const ended = Promise.all([closed, settled]);
    let isEnded = false;
    void ended.then(() => (isEnded = true));
    await until('the application to be closed', async () => {
      await jest.advanceTimersByTimeAsync(50);
      return isEnded;
    });
    expect((await settled).map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(calls).toBe(1);
  });
});

it('an InvalidMessageError of another message counts as a failure', async () => {
  const { dispatcher, does } = await startCharging(SENSITIVE);
  does(failing(new InvalidMessageError('Refund', [], { subject: new Refund() })));
  await rejectionOf(dispatcher.execute(new Charge()));
  expect(await rejectionOf(dispatcher.execute(new Charge()))).toBeInstanceOf(CircuitOpenError);
});
