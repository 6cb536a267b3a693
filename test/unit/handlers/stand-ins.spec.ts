import { setImmediate } from 'node:timers/promises';

import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Scope, type Provider, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  BeforeHandle,
  Behavior,
  Command,
  CommandCompletedNotification,
  CommandHandler,
  Dispatcher,
  DispatchModule,
  Event,
  EventsHandler,
  isDispatchError,
  ofType,
  OnNotification,
  Query,
  QueryHandler,
  Saga,
  type Next,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { rejectionOf } from '../dispatcher/application.js';
import { commandHandler } from '../dispatcher/handlers.js';

class Ping extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}
class ShipOrder extends Command {}

const running = new Set<TestingModule>();

afterEach(async () => {
  const apps = [...running];
  running.clear();
  await Promise.all(apps.map((app) => app.close()));
});

/** An application of a test, in which one provider is overridden by a class or by a value. */
async function startOverridden(providers: Provider[], overridden: Type<object>, standIn: object): Promise<Dispatcher> {
  const builder = Test.createTestingModule({
    imports: [DispatchModule.forRoot()],
    providers: [...providers, overridden],
  });
  const override = builder.overrideProvider(overridden);
  const testing = await (
    typeof standIn === 'function' ? override.useClass(standIn) : override.useValue(standIn)
  ).compile();
  running.add(testing);
  return (await testing.init()).get(Dispatcher);
}

@CommandHandler(Ping)
class PingHandler {
  execute(): string {
    return 'real';
  }
}

class MockHandler {
  execute(): string {
    return 'mocked';
  }
}

class DerivedHandler extends PingHandler {
  override execute(): string {
    return `mocked instead of ${super.execute()}`;
  }
}

describe('what a test overrides a handler with', () => {
  it('is a mistake where it has no method to handle with', async () => {
    const error = await rejectionOf(startOverridden([], PingHandler, class Idle {}));
    expect(isDispatchError(error, 'DISPATCH_WIRING')).toBe(true);
    expect((error as Error).message).toContain('PingHandler (RootTestModule) handles Ping but has no method execute()');
  });

  it.each<[string, object, string]>([
    ['a class', MockHandler, 'mocked'],
    ['an instance of a class', new MockHandler(), 'mocked'],
    ['a class that extends it', DerivedHandler, 'mocked instead of real'],
    ['an instance of a class that extends it', new DerivedHandler(), 'mocked instead of real'],
  ])('handles in its place where it is %s', async (_what, standIn, result) => {
    const dispatcher = await startOverridden([], PingHandler, standIn);
    expect(await dispatcher.execute(new Ping())).toBe(result);
  });

  it('handles what its own decorator says where it has one', async () => {
    @QueryHandler(GetOrder)
    class OrderHandler {
      execute(): string {
        return 'order';
      }
    }
    const dispatcher = await startOverridden([], PingHandler, OrderHandler);
    expect(await dispatcher.query(new GetOrder())).toBe('order');
    await expect(dispatcher.execute(new Ping())).rejects.toMatchObject({ code: 'DISPATCH_HANDLER_NOT_FOUND' });
  });

  it('handles in its place where it is request-scoped', async () => {
    @CommandHandler(Ping, { scope: Scope.REQUEST })
    class ScopedHandler extends PingHandler {}
    @Injectable({ scope: Scope.REQUEST })
    class ScopedMock extends MockHandler {}
    const dispatcher = await startOverridden([], ScopedHandler, ScopedMock);
    expect(await dispatcher.execute(new Ping())).toBe('mocked');
  });

  it('handles events in its place', async () => {
    const seen: string[] = [];
    @EventsHandler(OrderPlaced)
    class Listener {
      handle(): void {
        seen.push('real');
      }
    }
    const mock = new (class MockListener {
      handle = (): void => void seen.push('mocked');
    })();
    const dispatcher = await startOverridden([], Listener, mock);
    await dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual(['mocked']);
  });

  it('need not have the hooks of the handler', async () => {
    @CommandHandler(Ping)
    class HookedHandler {
      @BeforeHandle()
      check(_ping: Ping): void {
        throw new RangeError('checked');
      }

      execute(): string {
        return 'real';
      }
    }
    const dispatcher = await startOverridden([], HookedHandler, MockHandler);
    expect(await dispatcher.execute(new Ping())).toBe('mocked');
  });
});

describe('what a test overrides another provider with', () => {
  it('is the behavior in its place', async () => {
    @Behavior()
    class Guard {
      handle(): never {
        throw new RangeError('not allowed');
      }
    }
    class OpenGuard {
      handle = async (_context: object, next: Next): Promise<unknown> => `let through: ${String(await next())}`;
    }
    const dispatcher = await startOverridden([PingHandler], Guard, new OpenGuard());
    expect(await dispatcher.execute(new Ping())).toBe('let through: real');
  });

  class Shipping {
    protected readonly commandOf = (): object => new ShipOrder();

    @Saga()
    ship(events$: Observable<object>): Observable<object> {
      return events$.pipe(ofType(OrderPlaced), map(this.commandOf));
    }
  }

  /** What the command handler sees after one event. */
  async function shippedWith(standIn: object): Promise<string[]> {
    const seen: string[] = [];
    const shipping = commandHandler(ShipOrder, ({ constructor }) => void seen.push(constructor.name));
    const dispatcher = await startOverridden([shipping], Shipping, standIn);
    await dispatcher.publish(new OrderPlaced());
    await setImmediate();
    return seen;
  }

  it('is the saga in its place, which need not be there', async () => {
    class MockShipping {
      ship = (events$: Observable<object>): Observable<object> =>
        events$.pipe(map(() => [new ShipOrder(), new ShipOrder()]));
    }
    class NoShipping {}
    expect(await shippedWith(MockShipping)).toEqual(['ShipOrder', 'ShipOrder']);
    expect(await shippedWith(NoShipping)).toEqual([]);
  });

  it('has the sagas of the bases of its own class as well', async () => {
    class BillingToo extends Shipping {
      @Saga()
      bill(events$: Observable<object>): Observable<object> {
        return events$.pipe(ofType(OrderPlaced), map(this.commandOf));
      }
    }
    class Late extends BillingToo {}
    expect(await shippedWith(Late)).toEqual(['ShipOrder', 'ShipOrder']);
  });

  it('is the observer in its place, which need not have every method', async () => {
    const seen: string[] = [];
    class Audit {
      @OnNotification(CommandCompletedNotification)
      note(): void {
        seen.push('real');
      }

      @OnNotification(CommandCompletedNotification)
      count(): void {
        seen.push('real count');
      }
    }
    class MockAudit {
      note(): void {
        seen.push('mocked');
      }
    }
    const dispatcher = await startOverridden([PingHandler], Audit, MockAudit);
    await dispatcher.execute(new Ping());
    await setImmediate();
    await setImmediate();
    expect(seen).toEqual(['mocked']);
  });
});
