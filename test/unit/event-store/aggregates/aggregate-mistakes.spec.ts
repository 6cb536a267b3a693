import { describe, expect, it } from '@jest/globals';
import {
  Aggregate,
  AggregateRepository,
  aggregateRepositoryToken,
  AggregateRoot,
  decider,
  DispatchModule,
  Event,
  inMemoryEventStore,
  Message,
  On,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from '../../dispatcher/application.js';
import { count, Order, OrderPlaced } from './orders.js';

@Message('orders.placed')
class PlacedElsewhere extends Event {}

const eventStore = { store: inMemoryEventStore() };

async function textsOf(sources: Parameters<typeof DispatchModule.forFeature>[0], options: object = { eventStore }) {
  return (await mistakesOf({ imports: [DispatchModule.forFeature(sources)], options })).map(({ text }) => text);
}

describe('aggregates that are put together wrongly', () => {
  it('keep the application from starting where there is no event store', async () => {
    expect(await textsOf([Order, count], {})).toEqual([
      expect.stringContaining('Order needs an event store'),
      expect.stringContaining('decider "count" needs an event store'),
    ]);
  });

  it('keep it from starting, with every mistake there is', async () => {
    @Aggregate('order')
    class OtherOrder extends AggregateRoot {}
    @Aggregate('my-order', { snapshots: { every: 0, version: 1.5 } })
    class MyOrder extends AggregateRoot {}
    @Aggregate('third', { events: [undefined as never, PlacedElsewhere] })
    class Third extends AggregateRoot {}
    class Plain {}
    const rivals = decider({ ...count.definition, name: 'order' });
    const texts = await textsOf([Order, OtherOrder, MyOrder, Third, rivals, Plain as never]);
    for (const part of [
      'OtherOrder and Order both have the category "order"',
      'decider "order" and OtherOrder both have the category "order"',
      'MyOrder has the category "my-order"',
      'MyOrder has "snapshots" with an "every"',
      'MyOrder has "snapshots" with a "version"',
      'MyOrder takes snapshots but has no method toSnapshot()',
      'MyOrder takes snapshots but has no method fromSnapshot()',
      'Plain does not extend AggregateRoot',
      'Third names an event that is no class',
      'Third has the event PlacedElsewhere, but "orders.placed" v1 is OrderPlaced already',
    ]) {
      expect(texts).toContainEqual(expect.stringContaining(part));
    }
    expect(texts).toHaveLength(10);
  });

  it('are refused where they are listed, if they are neither a class nor a decider', () => {
    for (const wrong of [undefined, 'Order', {}]) {
      expect(() => DispatchModule.forFeature([wrong as never])).toThrow(
        expect.objectContaining({ code: 'DISPATCH_INVALID_AGGREGATE' }),
      );
    }
  });

  it('are refused by their repository where they apply events while they are made', async () => {
    @Aggregate('eager')
    class Eager extends AggregateRoot {
      constructor(readonly id: string) {
        super();
        this.apply(new OrderPlaced('ada'));
      }
    }
    const options = { eventStore, messages: [OrderPlaced] };
    const { app } = await start({ imports: [DispatchModule.forFeature([Eager])], options });
    const repository = app.get<AggregateRepository<Eager>>(aggregateRepositoryToken(Eager));
    expect(await rejectionOf(repository.load('7'))).toMatchObject({ code: 'DISPATCH_INVALID_AGGREGATE' });
  });

  it('may be listed by several modules, and share one repository', async () => {
    const imports = [DispatchModule.forFeature([Order]), DispatchModule.forFeature([Order])];
    const { app } = await start({ imports, options: { eventStore } });
    const found: unknown[] = app.get(aggregateRepositoryToken(Order), { each: true });
    expect([found.length, new Set(found).size]).toEqual([2, 1]);
  });
});

describe('an aggregate without a decorator', () => {
  it('has the name of its class as its category, and events of a base class by the @On method for that', async () => {
    class Moved extends Event {}
    class MovedFar extends Moved {}
    class Ship extends AggregateRoot {
      moves = 0;
      others = 0;

      constructor(readonly id: string) {
        super();
      }

      @On(Moved)
      move(): void {
        this.moves += 1;
      }

      protected override when(): void {
        this.others += 1;
      }
    }
    const imports = [DispatchModule.forFeature([Ship])];
    const { app } = await start({ imports, options: { eventStore, messages: [MovedFar, OrderPlaced] } });
    const ships = app.get<AggregateRepository<Ship>>(aggregateRepositoryToken(Ship));
    const ship = new Ship('7');
    for (const event of [new Moved(), new MovedFar(), new OrderPlaced('ada')]) ship.apply(event);
    await ships.save(ship);
    expect(await ships.load('7')).toMatchObject({ moves: 2, others: 1, version: 3 });
    expect(await eventStore.store.streamFacts('Ship-7')).toMatchObject({ version: 3 });
  });
});
