import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  AsyncContext,
  Behavior,
  Command,
  CommandBus,
  CommandHandler,
  Event,
  EventsHandler,
  MessageContext,
  type HandlerContext,
  type Next,
} from 'nestjs-dispatch';

import { start } from '../dispatcher/application.js';

class PlaceOrder extends Command<string> {
  constructor(readonly isBroken = false) {
    super();
  }
}
class OrderPlaced extends Event {}

/** Numbers its instances within one application. */
@Injectable()
class Counter {
  private count = 0;

  next(): number {
    this.count += 1;
    return this.count;
  }
}

@Injectable({ scope: Scope.REQUEST })
class UnitOfWork {
  readonly number: number;

  constructor(@Inject(Counter) counter: Counter) {
    this.number = counter.next();
  }
}

@CommandHandler(PlaceOrder, { scope: Scope.REQUEST })
class PlaceOrderHandler {
  constructor(
    @Inject(UnitOfWork) private readonly work: UnitOfWork,
    @Inject(REQUEST) private readonly request: MessageContext,
  ) {}

  execute({ isBroken }: PlaceOrder, context: HandlerContext): string {
    if (isBroken) throw new RangeError(`broken in ${this.work.number}`);
    return `unit ${this.work.number}, own context: ${this.request === context}`;
  }
}

const scoped = [Counter, UnitOfWork, PlaceOrderHandler];

describe('a request-scoped command handler', () => {
  it('rejects with what it throws, and the next message is handled in a new scope', async () => {
    const { dispatcher } = await start({ providers: scoped });
    await expect(dispatcher.execute(new PlaceOrder(true))).rejects.toThrow(new RangeError('broken in 1'));
    expect(await dispatcher.execute(new PlaceOrder())).toBe('unit 2, own context: true');
  });

  it('rejects where one of its dependencies cannot be made, and the next message is handled', async () => {
    const failures = [new RangeError('no connection')];
    const connection = Symbol('connection');
    @CommandHandler(PlaceOrder)
    class Handler {
      constructor(@Inject(connection) private readonly name: string) {}

      execute(): string {
        return this.name;
      }
    }
    const makeConnection = () => {
      const failure = failures.pop();
      if (failure !== undefined) throw failure;
      return 'connected';
    };
    const { dispatcher } = await start({
      providers: [Handler, { provide: connection, scope: Scope.REQUEST, useFactory: makeConnection }],
    });
    await expect(dispatcher.execute(new PlaceOrder())).rejects.toThrow('no connection');
    expect(await dispatcher.execute(new PlaceOrder())).toBe('connected');
  });

  it('is made anew for each message, also when one object is sent twice', async () => {
    const { dispatcher } = await start({ providers: scoped });
    const command = new PlaceOrder();
    expect(await dispatcher.execute(command)).toBe('unit 1, own context: true');
    expect(await dispatcher.execute(command)).toBe('unit 2, own context: true');
  });

  it('keeps messages apart that are handled at once', async () => {
    const { dispatcher } = await start({ providers: scoped });
    const answers = await Promise.all([1, 2, 3].map(() => dispatcher.execute(new PlaceOrder())));
    expect(new Set(answers).size).toBe(3);
  });

  it('shares the scope it is given, with what that says of REQUEST', async () => {
    const request = { user: 'ada' };
    @CommandHandler(PlaceOrder, { scope: Scope.REQUEST })
    class Handler {
      constructor(
        @Inject(UnitOfWork) private readonly work: UnitOfWork,
        @Inject(REQUEST) private readonly given: unknown,
      ) {}

      execute(): string {
        return `unit ${this.work.number}, given: ${this.given === request}`;
      }
    }
    const { app } = await start({ providers: [Counter, UnitOfWork, Handler] });
    const scope = new AsyncContext(undefined, request);
    const bus = app.get(CommandBus);
    expect(await bus.execute(new PlaceOrder(), scope)).toBe('unit 1, given: true');
    expect(await bus.execute(new PlaceOrder(), scope)).toBe('unit 1, given: true');
    expect(await bus.execute(new PlaceOrder())).toBe('unit 2, given: false');
  });
});

describe('request-scoped event handlers', () => {
  it('share one scope per event', async () => {
    const seen: string[] = [];
    const listeners = ['mail', 'stock'].map((name) => {
      @EventsHandler(OrderPlaced, { scope: Scope.REQUEST })
      class Listener {
        constructor(
          @Inject(UnitOfWork) private readonly work: UnitOfWork,
          @Inject(REQUEST) private readonly request: MessageContext,
        ) {}

        handle(event: OrderPlaced): void {
          seen.push(`${name} ${this.work.number} ${this.request.message === event}`);
        }
      }
      return Listener;
    });
    const { dispatcher } = await start({ providers: [Counter, UnitOfWork, ...listeners] });
    await dispatcher.publishAndWait(new OrderPlaced());
    await dispatcher.publishAndWait(new OrderPlaced());
    expect(seen.toSorted()).toEqual(['mail 1 true', 'mail 2 true', 'stock 1 true', 'stock 2 true']);
  });
});

describe('a transient handler', () => {
  it('is made anew for each message', async () => {
    @CommandHandler(PlaceOrder, { scope: Scope.TRANSIENT })
    class Handler {
      readonly number: number;

      constructor(@Inject(Counter) counter: Counter) {
        this.number = counter.next();
      }

      execute(): string {
        return `instance ${this.number}`;
      }
    }
    const { dispatcher } = await start({ providers: [Counter, Handler] });
    const answers = [await dispatcher.execute(new PlaceOrder()), await dispatcher.execute(new PlaceOrder())];
    expect(new Set(answers).size).toBe(2);
  });
});

describe('a request-scoped behavior', () => {
  it('shares the scope of the handler it stands around', async () => {
    @Behavior()
    @Injectable({ scope: Scope.REQUEST })
    class Transaction {
      constructor(@Inject(UnitOfWork) private readonly work: UnitOfWork) {}

      async handle(_context: HandlerContext, next: Next): Promise<string> {
        return `[${this.work.number}: ${String(await next())}]`;
      }
    }
    const { dispatcher } = await start({ providers: [...scoped, Transaction] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('[1: unit 1, own context: true]');
    expect(await dispatcher.execute(new PlaceOrder())).toBe('[2: unit 2, own context: true]');
    const command = new PlaceOrder();
    expect(await Promise.all([dispatcher.execute(command), dispatcher.execute(command)])).toEqual([
      '[3: unit 3, own context: true]',
      '[4: unit 4, own context: true]',
    ]);
  });
});
