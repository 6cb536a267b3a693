import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, type Type } from '@nestjs/common';
import {
  Command,
  CommandCompletedNotification,
  CommandFailedNotification,
  CommandInitiatedNotification,
  DispatchNotification,
  Event,
  EventHandledNotification,
  EventHandlingFailedNotification,
  EventPublishedNotification,
  InjectNotifications,
  MessageRoutedNotification,
  MessageUnhandledNotification,
  Notifications,
  OnNotification,
  Query,
  QueryCompletedNotification,
} from 'nestjs-dispatch';
import { filter, type Observable } from 'rxjs';

import { start } from './dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from './dispatcher/handlers.js';

class PlaceOrder extends Command<string> {
  constructor(readonly isBroken = false) {
    super();
  }
}
class GetOrder extends Query<string> {
  constructor(readonly isBroken = false) {
    super();
  }
}
class OrderPlaced extends Event {}
class OrderShipped extends Event {}

const failure = new RangeError('broken');

function answer({ isBroken }: { readonly isBroken: boolean }): string {
  if (isBroken) throw failure;
  return 'done';
}

const handlers = [
  commandHandler(PlaceOrder, answer),
  queryHandler(GetOrder, answer),
  eventHandler(OrderPlaced, () => undefined, { name: 'Stock' }),
  eventHandler(OrderPlaced, () => Promise.reject(failure), { name: 'Mailer' }),
];

async function startWatched(...providers: Type<object>[]) {
  // An observer that fails is not to be tried again: the application would wait for it when it closes.
  const options = { notifications: { attemptCount: 1 } };
  const application = await start({ options, providers: [...handlers, ...providers] });
  const seen: DispatchNotification[] = [];
  // Where messages go has specs of its own.
  const others$ = application.app.get(Notifications).pipe(filter((one) => !(one instanceof MessageRoutedNotification)));
  others$.subscribe((notification) => seen.push(notification));
  return { ...application, seen };
}

const namesOf = (seen: readonly DispatchNotification[]) => seen.map(({ constructor }) => constructor.name);

describe('the notifications', () => {
  it('of a command that fails are initiated and failed, with the error', async () => {
    const { dispatcher, seen } = await startWatched();
    await expect(dispatcher.execute(new PlaceOrder(true), { id: 'm1' })).rejects.toBe(failure);
    await setImmediate();
    expect(namesOf(seen)).toEqual(['CommandInitiatedNotification', 'CommandFailedNotification']);
    const failed = seen[1] as CommandFailedNotification;
    expect([failed.context.id, failed.error, failed.durationMs >= 0]).toEqual(['m1', failure, true]);
    expect(failed.at).toBeInstanceOf(Date);
  });

  it('of a command that succeeds are initiated and completed, with the result', async () => {
    const { dispatcher, seen } = await startWatched();
    await dispatcher.execute(new PlaceOrder(), { id: 'm1' });
    await setImmediate();
    expect(namesOf(seen)).toEqual(['CommandInitiatedNotification', 'CommandCompletedNotification']);
    const completed = seen[1] as CommandCompletedNotification;
    expect([completed.context.id, completed.result]).toEqual(['m1', 'done']);
  });

  it('of a query are initiated, and completed or failed', async () => {
    const { dispatcher, seen } = await startWatched();
    await dispatcher.query(new GetOrder());
    await expect(dispatcher.query(new GetOrder(true))).rejects.toBe(failure);
    await setImmediate();
    expect(namesOf(seen)).toEqual([
      'QueryInitiatedNotification',
      'QueryCompletedNotification',
      'QueryInitiatedNotification',
      'QueryFailedNotification',
    ]);
  });

  it.each(['publish', 'publishAndWait'] as const)(
    'of an event are published, and one per handler: %s',
    async (verb) => {
      const { dispatcher, seen } = await startWatched();
      await Promise.allSettled([dispatcher[verb](new OrderPlaced())]);
      await setImmediate();
      await setImmediate();
      const [published, ...rest] = seen;
      expect(published).toBeInstanceOf(EventPublishedNotification);
      expect(published).toMatchObject({ handlerCount: 2 });
      expect(new Set(namesOf(rest))).toEqual(new Set(['EventHandledNotification', 'EventHandlingFailedNotification']));
      const failed = rest.find((one) => one instanceof EventHandlingFailedNotification);
      const handled = rest.find((one) => one instanceof EventHandledNotification);
      expect([failed?.context.handler.name, failed?.error, handled?.context.handler.name]).toEqual([
        'Mailer',
        failure,
        'Stock',
      ]);
    },
  );

  it('of what nobody handles are unhandled, whatever its kind', async () => {
    class Unknown extends Command {}
    const { dispatcher, seen } = await startWatched();
    await Promise.allSettled([dispatcher.execute(new Unknown()), dispatcher.query(new Unknown() as object)]);
    await dispatcher.publish(new OrderShipped());
    await setImmediate();
    const unhandled = seen.filter((one) => one instanceof MessageUnhandledNotification);
    expect(unhandled.map(({ envelope }) => `${envelope.kind} ${envelope.name}`)).toEqual([
      'command Unknown',
      'query Unknown',
      'event OrderShipped',
    ]);
  });

  it('do not say anything to those who subscribe later', async () => {
    const { app, dispatcher } = await start({ providers: handlers });
    await dispatcher.execute(new PlaceOrder());
    const seen: DispatchNotification[] = [];
    app.get(Notifications).subscribe((notification) => seen.push(notification));
    await setImmediate();
    expect(seen).toEqual([]);
  });
});

describe('an observer', () => {
  @Injectable()
  class Audit {
    readonly entries: string[] = [];

    constructor(
      @InjectNotifications(CommandCompletedNotification) completed$: Observable<CommandCompletedNotification>,
      @Inject(Notifications) readonly all: Notifications,
    ) {
      completed$.subscribe(({ context }) => this.entries.push(`stream ${context.name}`));
    }

    @OnNotification(CommandFailedNotification)
    @OnNotification(QueryCompletedNotification)
    async note({ context }: CommandFailedNotification | QueryCompletedNotification): Promise<void> {
      this.entries.push(`method ${context.name}`);
    }
  }

  it('that throws changes nothing for the sender or the other observers', async () => {
    @Injectable()
    class Broken {
      @OnNotification(DispatchNotification)
      watch(): void {
        throw new Error('observer is broken');
      }
    }
    const { dispatcher, seen, app } = await startWatched(Audit, Broken);
    app.get(Notifications).subscribe(() => {
      throw new Error('subscriber is broken');
    });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('done');
    await setImmediate();
    expect(namesOf(seen)).toEqual(['CommandInitiatedNotification', 'CommandCompletedNotification']);
    expect(app.get(Audit).entries).toEqual(['stream PlaceOrder']);
  });

  it('is told by an injected stream and by its methods, of what they name', async () => {
    const { app, dispatcher } = await start({ providers: [...handlers, Audit] });
    await dispatcher.execute(new PlaceOrder());
    await dispatcher.query(new GetOrder());
    await expect(dispatcher.execute(new PlaceOrder(true))).rejects.toBe(failure);
    await setImmediate();
    const { entries } = app.get(Audit);
    expect(entries.toSorted()).toEqual(['method GetOrder', 'method PlaceOrder', 'stream PlaceOrder']);
  });

  it('is told of the last messages before the application closes, then its stream completes', async () => {
    const endings: string[] = [];
    const { app, dispatcher } = await start({ providers: [...handlers, Audit] });
    app.get(Audit).all.subscribe({ complete: () => endings.push('complete') });
    await dispatcher.execute(new PlaceOrder());
    const audit = app.get(Audit);
    await app.close();
    expect([audit.entries, endings]).toEqual([['stream PlaceOrder'], ['complete']]);
  });
});

describe('where nobody listens', () => {
  /** Notes each notification of a class that is made: the constructor of the base asks for the time. */
  async function madeBy(work: () => Promise<unknown>): Promise<number> {
    const original = Object.getOwnPropertyDescriptor(globalThis, 'Date');
    let madeCount = 0;
    const CountingDate = class extends Date {
      constructor() {
        super(0);
        madeCount += 1;
      }
    };
    Object.defineProperty(globalThis, 'Date', { configurable: true, writable: true, value: CountingDate });
    try {
      await work();
    } finally {
      if (original !== undefined) Object.defineProperty(globalThis, 'Date', original);
    }
    return madeCount;
  }

  it('no notification is made, and only those of a class where somebody listens to that', async () => {
    const { app, dispatcher } = await start({ providers: [...handlers] });
    const work = async () => {
      await dispatcher.execute(new PlaceOrder());
      await dispatcher.query(new GetOrder());
      await Promise.allSettled([dispatcher.publishAndWait(new OrderPlaced())]);
    };
    expect(await madeBy(work)).toBe(0);
    const subscription = app.get(Notifications).ofType(CommandInitiatedNotification).subscribe();
    expect(await madeBy(work)).toBe(1);
    subscription.unsubscribe();
    expect(await madeBy(work)).toBe(0);
  });
});
