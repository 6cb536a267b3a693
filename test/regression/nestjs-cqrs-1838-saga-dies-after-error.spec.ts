import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { CommandHandler, EventBus, ofType, Saga } from 'nestjs-dispatch';
import { delay, map, mergeMap, throwError, type Observable } from 'rxjs';

import { collectFailures, settle, start } from './application.js';

class Placed {
  constructor(readonly orderId: string) {}
}
class Ship {
  constructor(readonly orderId: string) {}
}

@CommandHandler(Ship)
class ShipHandler {
  readonly shipped: string[] = [];

  async execute({ orderId }: Ship) {
    this.shipped.push(orderId);
  }
}

@Injectable()
class Sagas {
  @Saga()
  throwing(events$: Observable<object>): Observable<Ship> {
    return events$.pipe(
      ofType(Placed),
      map(({ orderId }) => {
        if (orderId === 'bad') throw new Error('the operator threw');
        return new Ship(`${orderId} at once`);
      }),
    );
  }

  @Saga()
  ending(events$: Observable<object>): Observable<Ship> {
    return events$.pipe(
      ofType(Placed),
      delay(0),
      mergeMap(({ orderId }) =>
        orderId === 'bad' ? throwError(() => new Error('the stream failed')) : [new Ship(`${orderId} later`)],
      ),
    );
  }
}

describe('a saga that throws (nestjs/cqrs#1838)', () => {
  let app: INestApplicationContext;
  let failures: string[];
  const publish = async (orderId: string): Promise<void> => {
    await app.get(EventBus).publish(new Placed(orderId));
    // Fake time would not reach into the timers of rxjs; a timer of the same length that was started later ends later.
    await new Promise((resolve) => setTimeout(resolve, 0));
    await settle();
  };

  beforeEach(async () => {
    app = await start([Sagas, ShipHandler]);
    failures = collectFailures(app);
  });
  afterEach(() => app.close());

  it('reacts to the events after the one it threw at, also when it throws again', async () => {
    for (const orderId of ['1', 'bad', '2', 'bad', 'bad', '3']) await publish(orderId);
    const shipped = app.get(ShipHandler).shipped;
    expect(shipped.filter((line) => line.endsWith('at once'))).toEqual(['1 at once', '2 at once', '3 at once']);
    expect(shipped.filter((line) => line.endsWith('later'))).toEqual(['1 later', '2 later', '3 later']);
  });

  it('is reported, with the event where it reacted at once, and leaves other sagas alone', async () => {
    await publish('bad');
    expect(failures).toEqual(['Placed: Error: the operator threw', 'Object: Error: the stream failed']);
    await publish('1');
    expect(app.get(ShipHandler).shipped).toEqual(['1 at once', '1 later']);
  });
});
