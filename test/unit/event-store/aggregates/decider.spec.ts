import { describe, expect, it } from '@jest/globals';
import { aggregateRepositoryToken, decider, DeciderRepository, DispatchModule } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { eventHandler } from '../../dispatcher/handlers.js';
import { all } from '../shop.js';
import { Added, AddToCount, count, startOrders } from './orders.js';

describe('a decider', () => {
  it('that refuses a command has stored and published nothing, and decides on the next', async () => {
    const seen: unknown[] = [];
    const { counts, events } = await startOrders({ providers: [eventHandler(Added, (event) => seen.push(event))] });
    await counts.decide('a', new AddToCount(60));
    expect(await rejectionOf(counts.decide('a', new AddToCount(60)))).toEqual(new RangeError('too much'));
    await counts.decide('a', new AddToCount(40));
    expect(seen).toEqual([new Added(60), new Added(40)]);
    expect(await all(events.readStream('count-a'))).toHaveLength(2);
  });

  it('answers with what has happened, and the state it has led to', async () => {
    const { counts } = await startOrders();
    expect(await counts.load('a')).toEqual({ state: { sum: 0 }, version: 0 });
    const first = await counts.decide('a', new AddToCount(2));
    expect(first).toEqual({ events: [new Added(2)], state: { sum: 2 }, version: 1, position: 1 });
    expect(await counts.decide('a', new AddToCount(0))).toEqual({
      events: [],
      state: { sum: 2 },
      version: 1,
      position: 0,
    });
  });

  it('decides again where somebody else was faster, as often as it is told', async () => {
    const { counts } = await startOrders();
    const adding = Array.from({ length: 6 }, () => counts.decide('a', new AddToCount(1), { retryOnConflict: 6 }));
    await Promise.all(adding);
    expect(await counts.load('a')).toEqual({ state: { sum: 6 }, version: 6 });
    const outcomes = await Promise.allSettled([1, 2].map((by) => counts.decide('a', new AddToCount(by))));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('whose state cannot take the events it decides on has stored nothing', async () => {
    const broken = decider({
      ...count.definition,
      name: 'broken',
      evolve: () => {
        throw new TypeError('no such event');
      },
    });
    const { events, app } = await startOrders({ imports: [DispatchModule.forFeature([broken])] });
    const repository = app.get<DeciderRepository<unknown, AddToCount, Added>>(aggregateRepositoryToken(broken));
    expect(await rejectionOf(repository.decide('a', new AddToCount(1)))).toEqual(new TypeError('no such event'));
    expect(await events.stream('broken-a')).toBeUndefined();
  });
});
