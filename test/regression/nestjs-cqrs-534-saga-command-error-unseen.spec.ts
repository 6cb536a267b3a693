import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import {
  CommandHandler,
  EventBus,
  EventsHandler,
  Notifications,
  ofType,
  Saga,
  SagaFailedNotification,
} from 'nestjs-dispatch';
import { filter, firstValueFrom, map, type Observable } from 'rxjs';

import { collectFailures, settle, start } from './application.js';

class Placed {
  constructor(readonly orderId: string) {}
}
class Ship {
  constructor(readonly orderId: string) {}
}

const shipped: string[] = [];

@CommandHandler(Ship)
class ShipHandler {
  async execute({ orderId }: Ship) {
    await settle();
    if (orderId === 'bad') throw new Error('no truck');
    shipped.push(orderId);
  }
}

@EventsHandler(Placed)
class Listener {
  handle() {}
}

@Injectable()
class ShippingSaga {
  @Saga()
  ship(events$: Observable<object>): Observable<Ship> {
    return events$.pipe(
      ofType(Placed),
      map(({ orderId }) => new Ship(orderId)),
    );
  }
}

describe('the error of a command that a saga sent (nestjs/cqrs#534, #23, nestjs/nest#1479)', () => {
  let app: INestApplicationContext;

  beforeEach(async () => {
    app = await start([ShipHandler, Listener, ShippingSaga]);
  });
  afterEach(() => app.close());

  it('reaches a publisher that waits for sagas', async () => {
    const published = app.get(EventBus).publishAndWait(new Placed('bad'), { await: 'sagas' });
    await expect(published).rejects.toMatchObject({ code: 'DISPATCH_EVENT_HANDLING', errors: [new Error('no truck')] });
  });

  it('reaches the failure stream and the notifications where nobody waits for sagas', async () => {
    const failures = collectFailures(app);
    const failed$ = app.get(Notifications).pipe(filter((each) => each instanceof SagaFailedNotification));
    const notified = firstValueFrom(failed$);
    await app.get(EventBus).publishAndWait(new Placed('bad'));
    expect(await notified).toMatchObject({
      saga: 'ShippingSaga.ship',
      event: new Placed('bad'),
      error: new Error('no truck'),
    });
    expect(failures).toEqual(['Ship: Error: no truck']);
  });

  it('does not concern the next event, whose publisher waits until the command is handled', async () => {
    await app.get(EventBus).publish(new Placed('bad'));
    await app.get(EventBus).publishAndWait(new Placed('good'), { await: 'sagas' });
    expect(shipped).toEqual(['good']);
  });
});
