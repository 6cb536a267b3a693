import { randomUUID } from 'node:crypto';

import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventStore, ExpectedVersion, NewEvent, StoredEvent } from 'nestjs-dispatch';

import { pagesOfAll, pagesOfStream } from '../../lib/event-store/reading/pages.js';
import { propertyRuns } from '../unit/property-runs.js';

/** One thing that is done to a stream. */
interface Step {
  readonly stream: number;
  readonly action: 'append' | 'archive' | 'delete';
  readonly count: number;
  readonly expected: ExpectedVersion;
}

interface ModelStream {
  version: number;
  state: 'open' | 'archived' | 'deleted';
}

const STREAMS = 4;
const expectations = fc.oneof(
  fc.constantFrom<ExpectedVersion>('none', 'exists', 'any', 'any', 'any'),
  fc.nat({ max: 6 }),
);
const steps = fc.array(
  fc.record<Step>({
    stream: fc.nat({ max: STREAMS - 1 }),
    action: fc.constantFrom('append', 'append', 'append', 'append', 'append', 'append', 'archive', 'delete'),
    count: fc.nat({ max: 4 }),
    expected: expectations,
  }),
  { maxLength: 40 },
);

function newEvents(count: number): NewEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    id: randomUUID(),
    name: `happened-${index % 2}`,
    schemaVersion: 1,
    payload: '{}',
    metadata: {},
  }));
}

/** What a step must come to: the new version, or the code of the refusal. */
function foresee(model: ModelStream, { action, count, expected }: Step): number | string | boolean {
  const { version, state } = model;
  const exists = version > 0 || state === 'deleted';
  if (action === 'delete') {
    if (exists) Object.assign(model, { state: 'deleted', version: 0 });
    return exists;
  }
  if (state === 'deleted') return 'DISPATCH_STREAM_DELETED';
  if (action === 'archive') {
    if (exists) model.state = 'archived';
    return exists;
  }
  if (state === 'archived') return 'DISPATCH_STREAM_ARCHIVED';
  const holds =
    expected === 'any' || (expected === 'exists' ? version > 0 : version === (expected === 'none' ? 0 : expected));
  if (!holds) return 'DISPATCH_CONCURRENCY';
  model.version += count;
  return model.version;
}

async function take(store: EventStore, stream: string, step: Step): Promise<number | string | boolean> {
  try {
    if (step.action === 'archive') return await store.archive(stream);
    if (step.action === 'delete') return await store.delete(stream);
    return (await store.append(stream, newEvents(step.count), { expectedVersion: step.expected })).version;
  } catch (error) {
    return String((error as { readonly code: unknown }).code);
  }
}

async function gathered(pages: AsyncIterable<readonly StoredEvent[]>): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

function newCategory(): string {
  return `property${randomUUID().replaceAll('-', '')}`;
}

/** Properties of every event store, as tests; the store is the caller's to close. */
export function testEventStoreProperties(storeOf: () => EventStore, numRuns: number): void {
  it('does what a model of streams does, whatever is done to them, and keeps versions without a gap', async () => {
    const holds = async (taken: readonly Step[], pageSize: number): Promise<void> => {
      const [store, category] = [storeOf(), newCategory()];
      const models = Array.from({ length: STREAMS }, (): ModelStream => ({ version: 0, state: 'open' }));
      for (const step of taken) {
        const model = models[step.stream] ?? { version: 0, state: 'open' };
        const foreseen = foresee(model, step);
        expect(await take(store, `${category}-${step.stream}`, step)).toBe(foreseen);
      }
      const all = await gathered(pagesOfAll(store, { categories: [category] }));
      expect(all.map(({ position }) => position)).toEqual(
        all.map(({ position }) => position).toSorted((a, b) => a - b),
      );
      expect(await gathered(pagesOfAll(store, { categories: [category], pageSize }))).toEqual(all);
      for (const [index, { version, state }] of models.entries()) {
        if (state === 'deleted') continue;
        const stream = `${category}-${index}`;
        const events = await gathered(pagesOfStream(store, stream, { pageSize }));
        expect(events.map((event) => event.version)).toEqual(Array.from({ length: version }, (_, at) => at + 1));
        expect(events).toEqual(all.filter((event) => event.stream === stream));
        const backwards = await gathered(pagesOfStream(store, stream, { pageSize, direction: 'backwards' }));
        expect(backwards).toEqual(events.toReversed());
      }
    };
    await fc.assert(fc.asyncProperty(steps, fc.integer({ min: 1, max: 9 }), holds), propertyRuns(numRuns));
  });

  it('has exactly one winner among concurrent appends with one expected version, and keeps all of it', async () => {
    const counts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 16 });
    const holds = async (before: number, writers: readonly number[]): Promise<void> => {
      const [store, stream] = [storeOf(), `${newCategory()}-1`];
      if (before > 0) await store.append(stream, newEvents(before), { expectedVersion: 'none' });
      const appends = writers.map((count) => store.append(stream, newEvents(count), { expectedVersion: before }));
      const outcomes = await Promise.allSettled(appends);
      const winners = outcomes.flatMap((outcome, index) =>
        outcome.status === 'fulfilled' ? [writers[index] ?? 0] : [],
      );
      expect(winners).toHaveLength(1);
      const events = await gathered(pagesOfStream(store, stream));
      expect(events).toHaveLength(before + (winners[0] ?? 0));
    };
    await fc.assert(fc.asyncProperty(fc.nat({ max: 3 }), counts, holds), propertyRuns(numRuns));
  });
}
