import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { CommandBus, CommandHandler, EventBus, EventsHandler, ofType, Saga } from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { collectFailures, settle, start } from './application.js';

class Placed {
  constructor(readonly orderId: string) {}
}
class Paid {
  constructor(readonly orderId: string) {}
}
class Ship {
  constructor(readonly orderId: string) {}
}

const log: string[] = [];

@CommandHandler(Ship)
class ShipHandler {
  async execute({ orderId }: Ship) {
    log.push(`ship ${orderId}`);
    if (orderId.startsWith('bad')) throw new Error(`cannot ship ${orderId}`);
  }
}

@EventsHandler(Placed)
class FailingListener {
  handle({ orderId }: Placed) {
    log.push(`listen ${orderId}`);
    if (orderId.startsWith('bad')) throw new Error(`cannot listen to ${orderId}`);
  }
}

@EventsHandler(Paid)
class SendingListener {
  constructor(private readonly commands: CommandBus) {}

  async handle({ orderId }: Paid) {
    await this.commands.execute(new Ship(orderId));
  }
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

describe('the application after an exception', () => {
  let app: INestApplicationContext;
  let failures: string[];
  const publish = async (...events: object[]): Promise<void> => {
    for (const event of events) await app.get(EventBus).publish(event);
    await settle();
  };

  afterEach(() => app.close());

  describe('of a command that a saga sent', () => {
    beforeEach(async () => {
      log.length = 0;
      app = await start([ShipHandler, ShippingSaga]);
      failures = collectFailures(app);
    });

    it('shows every further exception on the failure stream (nestjs/cqrs#1401)', async () => {
      await publish(new Placed('bad 1'), new Placed('bad 2'), new Placed('bad 3'));
      expect(failures).toEqual([1, 2, 3].map((number) => `Ship: Error: cannot ship bad ${number}`));
    });

    it('still calls the command handler, for the saga and for others (nestjs/cqrs#1428)', async () => {
      await publish(new Placed('bad'), new Placed('good'));
      await app.get(CommandBus).execute(new Ship('by hand'));
      expect(log).toEqual(['ship bad', 'ship good', 'ship by hand']);
    });
  });

  describe('of an event handler', () => {
    beforeEach(async () => {
      log.length = 0;
      app = await start([ShipHandler, FailingListener, SendingListener]);
      failures = collectFailures(app);
    });

    it('calls the event handler again (nestjs/cqrs#1431)', async () => {
      await publish(new Placed('bad'), new Placed('good'));
      expect(log).toEqual(['listen bad', 'listen good']);
    });

    it('handles the next messages where the handler had sent a command that failed (nestjs/cqrs#1485)', async () => {
      await publish(new Paid('bad'), new Paid('good'));
      expect(log).toEqual(['ship bad', 'ship good']);
      expect(failures).toEqual(['Paid: Error: cannot ship bad']);
    });
  });
});
