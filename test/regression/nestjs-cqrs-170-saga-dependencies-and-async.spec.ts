import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { CommandHandler, EventBus, ofType, Saga } from 'nestjs-dispatch';
import { map, mergeMap, type Observable } from 'rxjs';

import { collectFailures, settle, start } from './application.js';

class Placed {
  constructor(readonly orderId: string) {}
}
class Ship {
  constructor(readonly line: string) {}
}

@Injectable()
class Warehouse {
  shelfOf(orderId: string): string {
    return `shelf of ${orderId}`;
  }

  async reserve(orderId: string): Promise<string> {
    await settle();
    if (orderId === 'bad') throw new Error('sold out');
    return `reserved for ${orderId}`;
  }
}

@CommandHandler(Ship)
class ShipHandler {
  readonly lines: string[] = [];

  async execute({ line }: Ship) {
    this.lines.push(line);
  }
}

@Injectable()
class WithDependency {
  @Saga()
  asProperty = (events$: Observable<object>): Observable<Ship> =>
    events$.pipe(
      ofType(Placed),
      map(({ orderId }) => new Ship(`property: ${this.warehouse.shelfOf(orderId)}`)),
    );

  constructor(private readonly warehouse: Warehouse) {}

  @Saga()
  asMethod(events$: Observable<object>): Observable<Ship> {
    return events$.pipe(
      ofType(Placed),
      map(({ orderId }) => new Ship(`method: ${this.warehouse.shelfOf(orderId)}`)),
    );
  }
}

@Injectable()
class Asynchronous {
  constructor(private readonly warehouse: Warehouse) {}

  @Saga()
  reserve(events$: Observable<object>): Observable<Ship> {
    return events$.pipe(
      ofType(Placed),
      mergeMap(async ({ orderId }) => new Ship(await this.warehouse.reserve(orderId))),
    );
  }
}

@Injectable()
class Several {
  @Saga()
  asArray(events$: Observable<object>): Observable<Ship[]> {
    return events$.pipe(
      ofType(Placed),
      map(({ orderId }) => ['pack', 'label', 'send'].map((step) => new Ship(`${step} ${orderId}`))),
    );
  }

  @Saga()
  asNothing(events$: Observable<object>): Observable<Ship | undefined | Ship[]> {
    return events$.pipe(map((_event, index) => (index === 0 ? undefined : [])));
  }
}

@Injectable()
class Generator {
  constructor(private readonly warehouse: Warehouse) {}

  @Saga()
  async *generate(events$: Observable<object>): AsyncIterable<Ship> {
    const queue: Placed[] = [];
    let wake = (): void => undefined;
    const subscription = events$.pipe(ofType(Placed)).subscribe((event) => {
      queue.push(event);
      wake();
    });
    try {
      for (;;) {
        const event = queue.shift();
        if (event === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield new Ship(`generated, ${await this.warehouse.reserve(event.orderId)}`);
      }
    } finally {
      subscription.unsubscribe();
    }
  }
}

async function shippedBy(saga: new (...args: never[]) => object, orderIds: string[]) {
  const app = await start([Warehouse, ShipHandler, saga]);
  const failures = collectFailures(app);
  await settle();
  for (const orderId of orderIds) {
    await app.get(EventBus).publish(new Placed(orderId));
    await settle();
    await settle();
  }
  await app.close();
  return { failures, lines: app.get(ShipHandler).lines };
}

describe('a saga (nestjs/cqrs#170, #226, #29)', () => {
  it('whose asynchronous step fails is reported, and goes on', async () => {
    const { failures, lines } = await shippedBy(Asynchronous, ['bad', '1']);
    expect(failures).toEqual(['Object: Error: sold out']);
    expect(lines).toEqual(['reserved for 1']);
  });

  it('has its injected dependencies, as a method and as a property', async () => {
    const { lines } = await shippedBy(WithDependency, ['1']);
    expect(lines.toSorted((a, b) => a.localeCompare(b))).toEqual(['method: shelf of 1', 'property: shelf of 1']);
  });

  it('may do asynchronous work', async () => {
    expect((await shippedBy(Asynchronous, ['1', '2'])).lines).toEqual(['reserved for 1', 'reserved for 2']);
  });

  it('may be an async generator', async () => {
    const { lines } = await shippedBy(Generator, ['1', '2']);
    expect(lines).toEqual(['generated, reserved for 1', 'generated, reserved for 2']);
  });

  it('may answer one event with several commands, in order, or with none', async () => {
    const { failures, lines } = await shippedBy(Several, ['1', '2']);
    expect(lines).toEqual(['pack 1', 'label 1', 'send 1', 'pack 2', 'label 2', 'send 2']);
    expect(failures).toEqual([]);
  });
});
