import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { EventBus, EventHandlerFailedError, EventHandlingError, EventsHandler, Message, Saga } from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { ErrorLog, rejectionOf, settle, start } from './application.js';

@Message('orders.placed')
class Placed {}

class Quiet {}

@EventsHandler(Placed)
class ConfirmationMailer {
  async handle() {
    throw new Error('no mail server');
  }
}

@EventsHandler(Placed)
class Statistics {
  handle() {
    throw new Error('no disk');
  }
}

@Injectable()
class ShippingSaga {
  @Saga()
  ship(events$: Observable<object>): Observable<object> {
    return events$.pipe(
      map((event) => {
        throw new Error(`no route at ${event.constructor.name}`);
      }),
    );
  }
}

describe('which handler failed (nestjs/cqrs#728)', () => {
  it('is in the log, with the message, its id, the error and where it was thrown', async () => {
    const logger = new ErrorLog();
    const app = await start([ConfirmationMailer, Statistics], { logger });
    await app.get(EventBus).publish(new Placed(), { id: 'event-1' });
    await settle();
    const lines = logger.errors.map(([line]) => String(line));
    expect(lines.toSorted()).toEqual([
      'ConfirmationMailer failed at the event "orders.placed" (event-1): no mail server',
      'Statistics failed at the event "orders.placed" (event-1): no disk',
    ]);
    expect(logger.errors.map(([, stack]) => String(stack)).join()).toMatch(/ConfirmationMailer\.handle/);
    await app.close();
  });

  it('is in the log where it is a saga, with class, method, event and its id', async () => {
    const logger = new ErrorLog();
    const app = await start([ShippingSaga], { logger });
    await app.get(EventBus).publish(new Quiet(), { id: 'event-3' });
    expect(logger.errors.map(([line]) => line)).toEqual([
      'The saga ShippingSaga.ship failed at the event "Quiet" (event-3): no route at Quiet',
    ]);
    await app.close();
  });

  it('is in the error of a publisher that waits, with the cause', async () => {
    const app = await start([ConfirmationMailer, Statistics]);
    const error = await rejectionOf(app.get(EventBus).publishAndWait(new Placed(), { id: 'event-2' }));
    expect(error).toBeInstanceOf(EventHandlingError);
    const { errors } = error as EventHandlingError;
    expect(errors.every((each) => each instanceof EventHandlerFailedError)).toBe(true);
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          code: 'DISPATCH_EVENT_HANDLER_FAILED',
          handlerName: 'ConfirmationMailer',
          messageName: 'orders.placed',
          messageId: 'event-2',
          cause: new Error('no mail server'),
        }),
        expect.objectContaining({ handlerName: 'Statistics', cause: new Error('no disk') }),
      ]),
    );
    await app.close();
  });
});
