import { Event, inMemoryEventStore, Message, EventLog, type DispatchOptions, type EventStore } from 'nestjs-dispatch';

import { start, type Application, type Setup } from '../dispatcher/application.js';

/** The first event of an order. */
@Message('shop.placed')
export class Placed extends Event {
  constructor(
    readonly customer: string,
    readonly at = new Date(7),
  ) {
    super();
  }
}

/** A line was added to an order. */
@Message('shop.line-added')
export class LineAdded extends Event {
  constructor(readonly quantity: number) {
    super();
  }
}

/** An order was closed; nothing comes after it. */
@Message('shop.closed')
export class Closed extends Event {}

/** An event whose class the application of a test knows nothing of. */
@Message('shop.forgotten')
export class Forgotten extends Event {
  readonly text = 'secret';
}

/** An application with events in memory. */
export interface Shop extends Application {
  readonly store: EventStore;
  readonly events: EventLog;
}

/** What a shop consists of. */
export interface ShopSetup extends Setup {
  readonly store?: EventStore;
  readonly eventStore?: Partial<DispatchOptions['eventStore'] & object>;
}

/** Starts an application that knows the events above, but for the forgotten one. */
export async function startShop({ store, eventStore, options, ...setup }: ShopSetup = {}): Promise<Shop> {
  const used = store ?? inMemoryEventStore();
  const application = await start({
    ...setup,
    options: { messages: [Placed, LineAdded, Closed], eventStore: { store: used, ...eventStore }, ...options },
  });
  return { ...application, store: used, events: application.app.get(EventLog) };
}

/** All of what an iteration gives. */
export async function all<T>(iteration: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of iteration) found.push(one);
  return found;
}
