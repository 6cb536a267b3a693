import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  Command,
  CommandCompletedNotification,
  CommandFailedNotification,
  CommandHandler,
  CommandInitiatedNotification,
  DispatchNotification,
  Event,
  EventHandledNotification,
  EventHandlingFailedNotification,
  EventPublishedNotification,
  EventsHandler,
  isDispatchError,
  Notifications,
  ofType,
  QueryCompletedNotification,
  QueryFailedNotification,
  QueryInitiatedNotification,
  Saga,
  type HandlerContext,
  type NotificationClass,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { MODES, startIn } from './modes.js';
import {
  FailOrder,
  FailOrderHandler,
  GetTotal,
  GetTotalHandler,
  Journal,
  OrderPlaced,
  PayOrder,
  PayOrderHandler,
  Stock,
} from './orders.js';

@EventsHandler(OrderPlaced)
class Mailer {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  handle({ orderId }: OrderPlaced, { handler }: HandlerContext): void {
    if (orderId === 'bad') throw new RangeError('no address');
    this.journal.note(handler.name, orderId);
  }
}

@Injectable()
class Shipping {
  @Saga()
  ship(events$: Observable<object>): Observable<PayOrder> {
    return events$.pipe(
      ofType(OrderPlaced),
      map(({ orderId }) => PayOrder.of(Number(orderId), 100)),
    );
  }
}

class Enter extends Command {
  constructor(
    readonly visitor: string,
    readonly number: number,
  ) {
    super();
  }
}
class Entered extends Event {}

@CommandHandler(Enter)
class EnterHandler {
  private readonly inside = new Set<string>();

  constructor(@Inject(Journal) private readonly journal: Journal) {}

  /** The first of each visitor takes longest, so that order is not a matter of luck. */
  async execute({ visitor, number }: Enter): Promise<void> {
    if (this.inside.has(visitor)) this.journal.note(visitor, 'twice at once');
    this.inside.add(visitor);
    await setTimeout(number === 1 ? 40 : 1);
    this.inside.delete(visitor);
    this.journal.note(visitor, number);
  }
}

const at = new Date('2026-11-21T12:00:00Z');
const providers = [Journal, Stock, Mailer, FailOrderHandler, GetTotalHandler, PayOrderHandler, EnterHandler];

describe.each(MODES)('through $name', (mode) => {
  it.each(['publish', 'publishAndWait'] as const)('%s takes an event to each of its handlers, once', async (verb) => {
    const { app, dispatcher } = await startIn(mode, { providers });
    await dispatcher[verb](new OrderPlaced('7', at));
    const { entries } = app.get(Journal);
    await until('both handlers', () => entries.length >= 2);
    await app.close();
    expect(entries.toSorted()).toEqual(['Mailer 7', `Stock true 7 ${at.toISOString()}`]);
  });

  it('publishAndWait resolves when every handler is done, and rejects naming the one that failed', async () => {
    const { app, dispatcher } = await startIn(mode, { providers });
    const { entries } = app.get(Journal);
    const error = await rejectionOf(dispatcher.publishAndWait(new OrderPlaced('bad', at)));
    expect(entries).toEqual([`Stock true bad ${at.toISOString()}`]);
    expect(isDispatchError(error, 'DISPATCH_EVENT_HANDLING')).toBe(true);
    expect(error).toMatchObject({
      name: 'EventHandlingError',
      errors: [
        { handlerName: 'Mailer', cause: expect.objectContaining({ name: 'RangeError', message: 'no address' }) },
      ],
    });
    await dispatcher.publishAndWait(new OrderPlaced('8', at));
    expect(entries).toHaveLength(3);
  });

  it('an event that nobody handles is published all the same', async () => {
    const { dispatcher } = await startIn(mode, { providers });
    await expect(dispatcher.publishAndWait(new Entered())).resolves.toBeUndefined();
  });

  it('a saga answers an event, and the publisher can wait for the command it sends', async () => {
    const { app, dispatcher } = await startIn(mode, { providers: [...providers, Shipping] });
    await dispatcher.publishAndWait(new OrderPlaced('7', at), { await: 'sagas' });
    expect(app.get(Journal).entries).toContain('pay 7');
  });

  it('observers are told of every message that is handled, and of every failure', async () => {
    const { app, dispatcher } = await startIn(mode, { providers });
    const told: string[] = [];
    const note = (type: NotificationClass<DispatchNotification & { readonly context: HandlerContext }>) =>
      app
        .get(Notifications)
        .ofType(type)
        .subscribe(({ context }) => told.push(`${type.name} ${context.name}`));
    for (const type of [CommandInitiatedNotification, CommandCompletedNotification, CommandFailedNotification])
      note(type);
    for (const type of [QueryInitiatedNotification, QueryCompletedNotification, QueryFailedNotification]) note(type);
    for (const type of [EventHandledNotification, EventHandlingFailedNotification]) note(type);
    let published = 0;
    app
      .get(Notifications)
      .ofType(EventPublishedNotification)
      .subscribe(({ handlerCount }) => (published += handlerCount));
    await dispatcher.execute(PayOrder.of(7, 100));
    await dispatcher.query(new GetTotal(['7']));
    await rejectionOf(dispatcher.execute(new FailOrder('plain')));
    await rejectionOf(dispatcher.query(new GetTotal([])));
    await rejectionOf(dispatcher.publishAndWait(new OrderPlaced('bad', at)));
    await app.close();
    expect(published).toBe(2);
    expect(told.toSorted()).toEqual([
      'CommandCompletedNotification orders.pay',
      'CommandFailedNotification FailOrder',
      'CommandInitiatedNotification FailOrder',
      'CommandInitiatedNotification orders.pay',
      'EventHandledNotification OrderPlaced',
      'EventHandlingFailedNotification OrderPlaced',
      'QueryCompletedNotification GetTotal',
      'QueryFailedNotification GetTotal',
      'QueryInitiatedNotification GetTotal',
      'QueryInitiatedNotification GetTotal',
    ]);
  });

  it('messages of one key that are sent one after the other are handled in that order', async () => {
    const { app, dispatcher } = await startIn(mode, { providers, settings: { concurrency: 4 } });
    for (const number of [1, 2, 3]) {
      await Promise.all(
        ['ada', 'bob'].map((visitor) => dispatcher.execute(new Enter(visitor, number), { key: visitor })),
      );
    }
    const { entries } = app.get(Journal);
    for (const visitor of ['ada', 'bob']) {
      const own = entries.filter((entry) => entry.startsWith(visitor));
      expect(own).toEqual([1, 2, 3].map((number) => `${visitor} ${number}`));
    }
  });
});
