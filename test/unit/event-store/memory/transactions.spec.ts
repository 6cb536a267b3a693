import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { inMemoryEventStore, MemoryTransaction, type NewEvent } from 'nestjs-dispatch';

import { pagesOfAll, pagesOfStream } from '../../../../lib/event-store/reading/pages.js';

const some = (...names: string[]): NewEvent[] =>
  names.map((name) => ({ id: randomUUID(), name, schemaVersion: 1, payload: '{}', metadata: {} }));

function make(maxEvents = 100) {
  const store = inMemoryEventStore({ maxEvents });
  const namesOf = async (stream: string, transaction?: MemoryTransaction) => {
    const found: string[] = [];
    for await (const page of pagesOfStream(store, stream, { transaction })) {
      found.push(...page.map(({ name, version }) => `${name} ${version}`));
    }
    return found;
  };
  const all = async () => {
    const found: string[] = [];
    for await (const page of pagesOfAll(store)) found.push(...page.map(({ name, position }) => `${name} ${position}`));
    return found;
  };
  return { store, namesOf, all };
}

describe('events appended in a transaction in memory', () => {
  it('are seen by the transaction alone until it commits', async () => {
    const { store, namesOf, all } = make();
    const transaction = new MemoryTransaction();
    await store.append('a-1', some('before'), { expectedVersion: 'none' });
    const appended = await store.append('a-1', some('one', 'two'), { expectedVersion: 1, transaction });
    expect(appended).toEqual({ version: 3, position: 3 });
    expect(await store.append('a-1', some('three'), { expectedVersion: 3, transaction })).toMatchObject({ version: 4 });
    expect(await namesOf('a-1', transaction)).toEqual(['before 1', 'one 2', 'two 3', 'three 4']);
    expect(await namesOf('a-1')).toEqual(['before 1']);
    transaction.commit();
    expect(await namesOf('a-1')).toEqual(['before 1', 'one 2', 'two 3', 'three 4']);
    expect(await all()).toEqual(['before 1', 'one 2', 'two 3', 'three 4']);
  });

  it('are gone when it is rolled back, and the next append has their version', async () => {
    const { store, namesOf, all } = make(2);
    const transaction = new MemoryTransaction();
    await store.append('a-1', some('lost', 'lost'), { expectedVersion: 'none', transaction });
    transaction.rollback();
    await store.append('a-1', some('kept', 'kept'), { expectedVersion: 'none' });
    expect(await namesOf('a-1')).toEqual(['kept 1', 'kept 2']);
    expect(await all()).toEqual(['kept 3', 'kept 4']);
  });

  it('hold later events back from those who read all, until it is known what becomes of them', async () => {
    const { store, all } = make();
    const transaction = new MemoryTransaction();
    await store.append('a-1', some('first'), { expectedVersion: 'none', transaction });
    await store.append('a-2', some('second'), { expectedVersion: 'none' });
    expect(await all()).toEqual([]);
    expect(await store.lastPosition()).toBe(0);
    let isWoken = false;
    store.watch?.(() => (isWoken = true));
    transaction.commit();
    expect(isWoken).toBe(true);
    expect(await all()).toEqual(['first 1', 'second 2']);
  });

  it('are refused at the commit where somebody else was faster, with everything else of the transaction', async () => {
    const { store, namesOf } = make();
    const [slow, written] = [new MemoryTransaction(), [] as string[]];
    slow.add({ apply: () => void written.push('lost') });
    await store.append('a-1', some('lost'), { expectedVersion: 'none', transaction: slow });
    await store.append('a-1', some('won'), { expectedVersion: 'none' });
    expect(() => slow.commit()).toThrow(expect.objectContaining({ code: 'DISPATCH_CONCURRENCY', actual: 1 }));
    slow.rollback();
    expect(await namesOf('a-1')).toEqual(['won 1']);
    expect(written).toEqual([]);
  });

  it('are refused at once where the transaction has moved the stream on by itself', async () => {
    const { store } = make();
    const transaction = new MemoryTransaction();
    await store.append('a-1', some('one'), { expectedVersion: 'none', transaction });
    const again = store.append('a-1', some('two'), { expectedVersion: 'none', transaction });
    await expect(again).rejects.toMatchObject({ code: 'DISPATCH_CONCURRENCY', actual: 1 });
  });

  it('are refused at the commit where the stream was archived or deleted meanwhile', async () => {
    const { store } = make();
    for (const [stream, end] of [
      ['a-1', () => store.archive('a-1')],
      ['a-2', () => store.delete('a-2')],
    ] as const) {
      const transaction = new MemoryTransaction();
      await store.append(stream, some('one'), { expectedVersion: 'none' });
      await store.append(stream, some('two'), { expectedVersion: 1, transaction });
      await end();
      expect(() => transaction.commit()).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^DISPATCH_STREAM_/) }),
      );
      transaction.rollback();
    }
  });

  it('are refused in a transaction of something else, or one that is over', async () => {
    const { store } = make();
    const foreign = { query: () => undefined } as unknown as MemoryTransaction;
    const refused = store.append('a-1', some('one'), { expectedVersion: 'any', transaction: foreign });
    await expect(refused).rejects.toMatchObject({ code: 'DISPATCH_FOREIGN_MEMORY_TRANSACTION' });
    const over = new MemoryTransaction();
    over.commit();
    const late = store.append('a-1', some('one'), { expectedVersion: 'any', transaction: over });
    await expect(late).rejects.toMatchObject({ code: 'DISPATCH_TRANSACTION_OVER' });
  });
});
