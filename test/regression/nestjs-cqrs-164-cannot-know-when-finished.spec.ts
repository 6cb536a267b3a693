import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import {
  CommandHandler,
  EventBus,
  EventsHandler,
  Message,
  ofType,
  Saga,
  type HandlerContext,
  type ICommandHandler,
} from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { settle, start } from './application.js';

@Message('orders.placed', { version: 2 })
class Placed {
  constructor(readonly isBad = false) {}
}
@Message('orders.ship')
class Ship {
  constructor(readonly isBad: boolean) {}
}

let facts: Record<string, unknown>[] = [];

function note(handler: string, context: HandlerContext): void {
  const { id, name, version, correlationId, causationId, idempotencyKey, headers } = context;
  facts.push({ handler, id, name, version, correlationId, causationId, idempotencyKey, user: headers.user });
}

@EventsHandler(Placed)
class Mailer {
  async handle(_event: Placed, context: HandlerContext) {
    await settle();
    note('Mailer', context);
  }
}

@CommandHandler(Ship)
class ShipHandler implements ICommandHandler<Ship> {
  async execute({ isBad }: Ship, context: HandlerContext) {
    await settle();
    await settle();
    if (isBad) throw new Error('no truck');
    note('ShipHandler', context);
  }
}

@Injectable()
class ShippingSaga {
  @Saga()
  ship(events$: Observable<object>): Observable<Ship> {
    return events$.pipe(
      ofType(Placed),
      map(({ isBad }) => new Ship(isBad)),
    );
  }
}

/** Takes events from a broker and tells it how each ended. */
class Consumer {
  readonly answers: string[] = [];

  constructor(private readonly events: EventBus) {}

  async consume(id: string, event: object): Promise<void> {
    await this.events.publishAndWait(event, { id, headers: { user: 'ann' }, await: 'sagas' }).then(
      () => this.answers.push(`ack ${id} after ${facts.length} handlers`),
      () => this.answers.push(`nack ${id}`),
    );
  }
}

describe('the consumer of a broker (nestjs/cqrs#164)', () => {
  let app: INestApplicationContext;

  beforeEach(async () => {
    facts = [];
    app = await start([Mailer, ShipHandler, ShippingSaga]);
  });
  afterEach(() => app.close());

  it('knows when handlers and the commands of sagas have failed, and when they are done', async () => {
    const consumer = new Consumer(app.get(EventBus));
    await consumer.consume('event-1', new Placed(true));
    facts = [];
    await consumer.consume('event-2', new Placed());
    expect(consumer.answers).toEqual(['nack event-1', 'ack event-2 after 2 handlers']);
  });

  it('gives handlers stable names, ids, headers and a key to be idempotent by, the same at a redelivery', async () => {
    const consumer = new Consumer(app.get(EventBus));
    await consumer.consume('event-1', new Placed());
    const first = facts;
    facts = [];
    await consumer.consume('event-1', new Placed());
    const event = { id: 'event-1', name: 'orders.placed', version: 2, correlationId: 'event-1', user: 'ann' };
    expect(first[0]).toEqual({ ...event, handler: 'Mailer', causationId: undefined, idempotencyKey: 'event-1:Mailer' });
    expect(first[1]).toMatchObject({
      handler: 'ShipHandler',
      name: 'orders.ship',
      causationId: 'event-1',
      correlationId: 'event-1',
      user: 'ann',
    });
    expect(facts[0]).toEqual(first[0]);
  });
});
