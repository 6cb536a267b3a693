import { describe, expect, it } from '@jest/globals';

import { inMemoryEventStore, type EventStore } from '../../../lib/index.js';
import { eventStoreContract } from '../../../lib/testing/index.js';

type Fault = (sound: EventStore) => Partial<EventStore>;

/** A fault, and a case that finds it. */
const FAULTS: readonly (readonly [string, Fault, string])[] = [
  [
    'looks before it appends',
    (sound) => ({
      async append(stream, events, options) {
        await sound.append(stream, [], options);
        await Promise.resolve();
        return sound.append(stream, events, { expectedVersion: 'any' });
      },
    }),
    'lets exactly one of 16 concurrent appends',
  ],
  [
    'takes every version',
    (sound) => ({ append: (stream, events) => sound.append(stream, events, { expectedVersion: 'any' }) }),
    'takes an append whose expectation holds',
  ],
  [
    'appends one by one',
    (sound) => ({
      async append(stream, events, options) {
        let last = await sound.append(stream, [], options);
        for (const event of events) {
          last = await sound.append(stream, [event], { expectedVersion: 'any' });
          await Promise.resolve();
        }
        return last;
      },
    }),
    'keeps the events of one append together',
  ],
  [
    'looks at nothing where there is nothing to append',
    (sound) => ({
      append: async (stream, events, options) =>
        events.length === 0 ? { version: 0, position: 0 } : sound.append(stream, events, options),
    }),
    'writes nothing for an append without events',
  ],
  [
    'writes JSON anew',
    (sound) => ({
      append: (stream, events, options) =>
        sound.append(
          stream,
          events.map((event) => ({ ...event, payload: JSON.stringify(JSON.parse(event.payload)) })),
          options,
        ),
    }),
    'gives back id, name, schema version, payload and metadata',
  ],
  [
    'folds names of streams',
    (sound) => ({
      append: (stream, ...rest) => sound.append(stream.normalize(), ...rest),
      readStreamPage: (stream, query) => sound.readStreamPage(stream.normalize(), query),
    }),
    'tells streams apart whose names look alike',
  ],
  [
    'gives whole streams',
    (sound) => ({ readStreamPage: (stream, query) => sound.readStreamPage(stream, { ...query, to: Infinity }) }),
    'reads any part of a stream',
  ],
  [
    'counts pages from their number of events',
    (sound) => ({
      async readAllPage(query) {
        const page = await sound.readAllPage(query);
        return { ...page, position: query.afterPosition + page.events.length };
      },
    }),
    'filters all events by name and by category',
  ],
  [
    'loses an event at the end of a page',
    (sound) => ({
      async readAllPage(query) {
        const page = await sound.readAllPage(query);
        return { ...page, events: page.events.length > 2 ? page.events.slice(0, -1) : page.events };
      },
    }),
    'misses and reorders nothing',
  ],
  ['keeps archived streams open', () => ({ archive: async () => true }), 'lets an archived stream be read'],
  ['forgets deleted streams', () => ({ delete: async () => true }), 'removes a deleted stream for ever'],
  ['wakes nobody', () => ({ watch: () => () => undefined }), 'wakes those who watch'],
  [
    'wakes who has left',
    (sound) => ({
      watch(wake) {
        sound.watch?.(wake);
        return () => undefined;
      },
    }),
    'wakes those who watch',
  ],
];

function faultyStore(fault: Fault): EventStore {
  const sound = inMemoryEventStore();
  const base: EventStore = {
    isShared: false,
    append: (...args) => sound.append(...args),
    readStreamPage: (...args) => sound.readStreamPage(...args),
    readAllPage: (...args) => sound.readAllPage(...args),
    lastPosition: () => sound.lastPosition(),
    streamFacts: (stream) => sound.streamFacts(stream),
    archive: (stream) => sound.archive(stream),
    delete: (stream) => sound.delete(stream),
    watch: (wake) => sound.watch?.(wake) ?? (() => undefined),
  };
  return { ...base, ...fault(sound) };
}

describe('the contract of event stores', () => {
  it.each(FAULTS)('finds a store that %s', async (_fault, fault, title) => {
    const found = eventStoreContract({ store: () => faultyStore(fault), patienceMs: 200 }).filter((one) =>
      one.title.startsWith(title),
    );
    expect(found).toHaveLength(1);
    await expect(found[0]?.run()).rejects.toMatchObject({ name: 'AssertionError' });
  });

  it('is met by a store that never says when there is something new', async () => {
    const cases = eventStoreContract({
      store: () => {
        const { watch: _watch, ...silent } = faultyStore(() => ({}));
        return silent;
      },
    });
    for (const { run } of cases) await run();
    expect(cases.length).toBeGreaterThan(20);
  });

  it('has no two cases of one title', () => {
    const titles = eventStoreContract({ store: () => inMemoryEventStore() }).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});
