import type { Event } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';

import type { OrderData } from '../queue/orders.js';
import type { Measurement } from '../scenario.js';
import { storeScenarios } from './scenarios.js';
import { serverUrl, type LineCount } from './side.js';

/** As a type, which has the index signature that emmett asks for. */
type OrderPlaced = Event<'benchmark.order-placed', Pick<OrderData, keyof OrderData>>;

/** The scenarios of emmett on Postgres, written as its documentation writes them. It has its tables where the server puts them. */
export async function emmettScenarios(): Promise<readonly Measurement[]> {
  const store = getPostgreSQLEventStore(serverUrl());
  await store.schema.migrate();
  return storeScenarios({
    append: (stream, events, version) =>
      store.appendToStream<OrderPlaced>(
        stream,
        events.map((data) => ({ type: 'benchmark.order-placed', data, metadata: {} })),
        { expectedStreamVersion: BigInt(version) },
      ),
    async read(stream) {
      const { state } = await store.aggregateStream<LineCount, OrderPlaced>(stream, {
        initialState: () => ({ lines: 0 }),
        evolve: ({ lines }: LineCount, { data }: OrderPlaced) => ({ lines: lines + data.lines.length }),
      });
      return state.lines;
    },
  });
}
