import { describe, expect, it } from '@jest/globals';
import { RawEvent, type UnknownEvents } from 'nestjs-dispatch';

import { rejectionOf } from '../../../unit/dispatcher/application.js';
import { all, Closed, Placed, startShop } from '../../../unit/event-store/shop.js';
import { closedAfterwards } from '../fresh-schema.js';
import { events as newEvents, openIn, openStore } from './event-bench.js';

async function openShop(unknownEvents: UnknownEvents = 'fail') {
  const { schema, pool } = await openStore();
  // The application closes the store it is given.
  const shop = await startShop({ store: await openIn(schema), eventStore: { unknownEvents } });
  closedAfterwards(() => shop.app.close());
  return { schema, pool, ...shop };
}

describe('rows of events that are not as they should be', () => {
  it.each([
    ['broken JSON', '{"customer": '],
    ['no JSON', 'ada'],
    ['JSON without fields', '7'],
  ])('with %s fail the reading where they are, and it goes on once they are mended', async (_what, payload) => {
    const { schema, pool, events } = await openShop();
    await events.append('order-7', [new Placed('ada'), new Placed('bob'), new Closed()], { expectedVersion: 'none' });
    const write = (text: string) =>
      pool.query(`UPDATE "${schema}".dispatch_events SET payload = $1 WHERE version = 2`, [text]);
    await write(payload);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { version } of events.readAll()) seen.push(version);
    })();
    expect(await rejectionOf(reading)).toMatchObject({
      code: 'DISPATCH_UNREADABLE_EVENT',
      stored: { stream: 'order-7', version: 2, name: 'shop.placed' },
    });
    expect(seen).toEqual([1]);
    expect((await events.append('order-8', [new Closed()], { expectedVersion: 'none' })).version).toBe(1);
    await write('{"customer":"bob"}');
    expect(await all(events.readAll())).toHaveLength(4);
  });

  it.each<[UnknownEvents, readonly unknown[]]>([
    ['raw', [Placed, RawEvent, Closed]],
    ['skip', [Placed, Closed]],
  ])('of a name that nobody knows are read as "unknownEvents: %s" says', async (unknownEvents, classes) => {
    const { events, store } = await openShop(unknownEvents);
    await events.append('order-7', [new Placed('ada')], { expectedVersion: 'none' });
    await store.append('order-7', newEvents('shop.unheard-of'), { expectedVersion: 1 });
    await events.append('order-7', [new Closed()], { expectedVersion: 2 });
    const read = await all(events.readStream('order-7'));
    expect(read.map(({ event }) => event.constructor)).toEqual(classes);
  });

  it('of a name that nobody knows fail the reading by default, which goes on behind them', async () => {
    const { events, store } = await openShop();
    await store.append('order-7', newEvents('shop.unheard-of'), { expectedVersion: 'none' });
    await events.append('order-7', [new Closed()], { expectedVersion: 1 });
    const error = await rejectionOf(all(events.readStream('order-7')));
    expect(error).toMatchObject({ code: 'DISPATCH_UNKNOWN_EVENT', eventName: 'shop.unheard-of' });
    expect(await all(events.readStream('order-7', { from: 2 }))).toHaveLength(1);
  });
});
