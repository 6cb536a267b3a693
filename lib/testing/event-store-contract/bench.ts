import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type {
  AppendResult,
  EventPage,
  EventStore,
  ExpectedVersion,
  NewEvent,
  StoredEvent,
} from '../../event-store/event-store.port.js';
import { followPages, pagesOfAll, pagesOfStream, type ReadAllOptions } from '../../event-store/reading/pages.js';

/** One expectation on every store. */
export interface EventStoreBenchCase {
  readonly title: string;
  /** Throws where the expectation is broken. */
  run(bench: EventStoreBench): Promise<void>;
}

/** What a case works with: two stores that see the same, a category nobody else uses, and waiting that ends. */
export class EventStoreBench {
  /** Letters and digits; events of this category are those of the case. */
  readonly category = `contract${randomUUID().replaceAll('-', '')}`;
  readonly stream = this.streamOf('1');

  private constructor(
    readonly store: EventStore,
    /** That of another process, where the store is shared; otherwise the same. */
    readonly other: EventStore,
    readonly patienceMs: number,
  ) {}

  static async open(make: () => EventStore | Promise<EventStore>, patienceMs: number): Promise<EventStoreBench> {
    const store = await make();
    const other = store.isShared ? await make() : store;
    for (const one of new Set([store, other])) await one.open?.();
    return new EventStoreBench(store, other, patienceMs);
  }

  async close(): Promise<void> {
    await Promise.all([...new Set([this.store, this.other])].map((store) => store.close?.()));
  }

  streamOf(id: string): string {
    return `${this.category}-${id}`;
  }

  /** Appends events with these names, or so many events. */
  append(
    events: number | readonly string[],
    expectedVersion: ExpectedVersion = 'any',
    stream = this.stream,
    store = this.store,
  ): Promise<AppendResult> {
    const names = typeof events === 'number' ? Array.from({ length: events }, () => 'happened') : events;
    return store.append(stream, names.map(newEvent), { expectedVersion });
  }

  async streamEvents(stream = this.stream, pageSize = 500, store = this.store): Promise<StoredEvent[]> {
    return gathered(pagesOfStream(store, stream, { pageSize }));
  }

  async streamVersions(stream = this.stream): Promise<number[]> {
    return (await this.streamEvents(stream)).map(({ version }) => version);
  }

  /** The events of the case, in the order of their positions. */
  async allEvents(options: ReadAllOptions = {}): Promise<StoredEvent[]> {
    return gathered(pagesOfAll(this.other, { categories: [this.category], ...options }));
  }

  /** Follows the events of the case from a position until so many have come. */
  async follow(afterPosition: number | 'end', count: number, onPage?: (page: EventPage) => unknown, pageSize = 7) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), this.patienceMs);
    const found: StoredEvent[] = [];
    const options = { afterPosition, pageSize, categories: [this.category], signal: stop.signal, pollIntervalMs: 50 };
    for await (const page of followPages(this.other, options)) {
      await onPage?.(page);
      found.push(...page.events);
      if (found.length >= count) break;
    }
    clearTimeout(timer);
    if (found.length < count) assert.fail(`Waited ${this.patienceMs} ms for ${count} events, ${found.length} came.`);
    return found;
  }

  /** Waits for a condition. @throws AssertionError where it does not come true in time */
  async until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + this.patienceMs;
    while (!(await isTrue())) {
      if (Date.now() > deadline) assert.fail(`Waited ${this.patienceMs} ms in vain for ${what}.`);
      await pass(5);
    }
  }
}

/** An event as a store takes it. */
export function newEvent(name = 'happened', index = 0): NewEvent {
  const payload = JSON.stringify({ index });
  return { id: randomUUID(), name, schemaVersion: 1, payload, metadata: { correlationId: 'c1' } };
}

/** The whole numbers from one to another. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Asserts that a promise is rejected with an error that has these fields. */
export async function assertRejects(
  promise: Promise<unknown>,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const [outcome] = await Promise.allSettled([promise]);
  if (outcome.status === 'fulfilled')
    assert.fail(`Nothing was rejected, where ${JSON.stringify(fields)} was expected.`);
  // Whatever was thrown has fields, or none of those that are expected.
  const reason = Object(outcome.reason) as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.fromEntries(Object.keys(fields).map((key) => [key, reason[key]])), fields);
}

async function gathered(pages: AsyncIterable<readonly StoredEvent[]>): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
