import { describe, expect, it } from '@jest/globals';
import {
  inMemoryOutbox,
  memoryClaimCheck,
  QueueUnavailableError,
  type ClaimCheckStore,
  type EnqueueResult,
  type OutboxStore,
} from 'nestjs-dispatch';

import type { FakeBackend } from '../fake-backend.js';
import { until } from '../queued-application.js';
import { Ship, startShop } from './shop.js';

/** The relay is not helped by looking from time to time. */
const RARELY = { pollEveryMs: 60_000 };
const STORED: EnqueueResult = { status: 'stored', place: 'default' };

/** Where the payload is of what the queue was given first. */
function claimIdOf({ batches }: FakeBackend): string | undefined {
  // As an entry says that whose payload is kept elsewhere.
  const data = batches.flat()[0]?.data as { claim?: { id: string } } | undefined;
  return data?.claim?.id;
}

describe('a relay that could not go on', () => {
  it('does so by itself soon after a store that failed once', async () => {
    const memory = inMemoryOutbox();
    let failures = 1;
    const take: OutboxStore['take'] = async (given) => {
      if (failures-- > 0) throw new RangeError('no line');
      return memory.take(given);
    };
    const store = Object.assign(Object.create(memory) as OutboxStore, { take });
    const { dispatcher, transactions, stored } = await startShop({ ...RARELY, store });
    await transactions.run(() => dispatcher.send(new Ship('a'), { id: 'a' }));
    await until('it to be relayed', () => stored().length === 1);
    expect(failures).toBeLessThan(1);
  });

  it('does so by itself soon after a queue that did not answer once', async () => {
    const { backend, dispatcher, transactions, outbox } = await startShop(RARELY);
    let failures = 1;
    backend.onEnqueue = async () => {
      if (failures-- > 0) throw new QueueUnavailableError('sending', 'a store', { mayBeStored: true });
      return STORED;
    };
    await transactions.run(() => dispatcher.send(new Ship('a'), { id: 'a' }));
    await until('it to be relayed', async () => (await outbox.check()).waiting === 0);
    expect(backend.batches).toHaveLength(2);
  });
});

describe('a payload that is kept elsewhere, of a message that its queue joins to another', () => {
  const started = async (settle: (memory: OutboxStore) => OutboxStore['settle']) => {
    const memory = inMemoryOutbox();
    const store = Object.assign(Object.create(memory) as OutboxStore, { settle: settle(memory) });
    const removed: string[] = [];
    const kept = memoryClaimCheck();
    const remove = async (id: string): Promise<void> => {
      removed.push(id);
      await kept.remove(id);
    };
    const payloads = Object.assign(Object.create(kept) as ClaimCheckStore, { remove });
    const claimCheck = { store: payloads, thresholdBytes: 10 };
    const shop = await startShop({ store, leaseMs: 1000, pollEveryMs: 10 }, { claimCheck });
    return { ...shop, removed, payloads };
  };
  const JOINED: EnqueueResult = { status: 'duplicate', id: 'other', place: 'default' };
  const large = new Ship('a', 'x'.repeat(100));

  it('is there for the next try where the outbox did not hear of that, and the queue takes it then', async () => {
    let failures = 1;
    const { backend, dispatcher, transactions, outbox, payloads } = await started((memory) => async (...given) => {
      if (failures-- > 0) throw new RangeError('no line');
      return memory.settle(...given);
    });
    const answers = [JOINED, STORED];
    backend.onEnqueue = async () => answers.shift() ?? STORED;
    await transactions.run(() => dispatcher.send(large, { id: 'm', deduplicationId: 'd' }));
    await until('it to be settled', async () => (await outbox.check()).waiting === 0);
    expect(answers).toEqual([]);
    expect(await payloads.get(claimIdOf(backend) ?? '')).toContain('xxx');
  });

  it('goes once the outbox knows', async () => {
    const { backend, dispatcher, transactions, removed } = await started((memory) => memory.settle.bind(memory));
    backend.onEnqueue = async () => JOINED;
    await transactions.run(() => dispatcher.send(large, { id: 'm', deduplicationId: 'd' }));
    await until('it to be removed', () => removed.length === 1);
    expect(removed).toEqual([claimIdOf(backend)]);
  });
});
