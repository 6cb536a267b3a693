import { describe, expect, it } from '@jest/globals';
import { inMemoryEventStore, type AllPageQuery, type EventPage, type EventStore } from 'nestjs-dispatch';

import { pagesOfAll } from '../../../lib/event-store/reading/pages.js';

/** A store with five events, whose pages can be made to fail, and what was asked of it. */
async function storeWith(failsBehind = Infinity) {
  const store = inMemoryEventStore();
  const event = { id: 'e', name: 'happened', schemaVersion: 1, payload: '{}', metadata: {} };
  await store.append(
    'order-1',
    Array.from({ length: 5 }, () => event),
    { expectedVersion: 'none' },
  );
  const asked: number[] = [];
  const readAllPage = async (query: AllPageQuery): Promise<EventPage> => {
    asked.push(query.afterPosition);
    if (query.afterPosition > failsBehind) throw new RangeError('away');
    return store.readAllPage(query);
  };
  const watched: EventStore = Object.assign(Object.create(store) as EventStore, { readAllPage });
  return { store: watched, asked };
}

describe('whoever reads all events page by page', () => {
  it('has the next page asked for while one is worked on, and none behind the end or the limit', async () => {
    const { store, asked } = await storeWith();
    const seen: (readonly [number, readonly number[]])[] = [];
    for await (const page of pagesOfAll(store, { pageSize: 2 })) seen.push([page.length, [...asked]]);
    expect(seen).toEqual([
      [2, [0, 2]],
      [2, [0, 2, 4]],
      [1, [0, 2, 4]],
    ]);
    asked.length = 0;
    for await (const page of pagesOfAll(store, { pageSize: 2, limit: 3 })) seen.push([page.length, [...asked]]);
    expect(seen.slice(3)).toEqual([
      [2, [0, 2]],
      [1, [0, 2]],
    ]);
  });

  it('is told of a page that cannot be read when it is its turn', async () => {
    const { store } = await storeWith(3);
    let count = 0;
    const reading = (async () => {
      for await (const page of pagesOfAll(store, { pageSize: 2 })) count += page.length;
    })();
    await expect(reading).rejects.toThrow('away');
    expect(count).toBe(4);
  });

  it('is not told of one it does not come to any more, nor is the process', async () => {
    const { store, asked } = await storeWith(1);
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    for await (const page of pagesOfAll(store, { pageSize: 2 })) {
      expect(page).toHaveLength(2);
      break;
    }
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.removeListener('unhandledRejection', note);
    expect([asked, unhandled]).toEqual([[0, 2], []]);
  });
});
