import { setTimeout as delay } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import {
  inMemoryOutbox,
  OutboxErrorNotification,
  OutboxFailedNotification,
  OutboxRelayedNotification,
  QueueFullError,
  QueueUnavailableError,
  TaskEnqueuedNotification,
  type EnqueueResult,
  type OutboxStore,
  type QueueEntry,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { FakeBackend } from '../fake-backend.js';
import { collect, until } from '../queued-application.js';
import { Ship, Sold, startShop, type Shop } from './shop.js';

const POLLED = { pollEveryMs: 10 };
const STORED = { status: 'stored', place: 'default' } as const;

/** Sends commands in one transaction, `id:key` or `id`. */
function sendAll({ dispatcher, transactions }: Shop, ...ids: string[]): Promise<unknown> {
  return transactions.run(() =>
    Promise.all(
      ids.map((text) => {
        const [id = '', key] = text.split(':');
        return dispatcher.send(new Ship(id), { id, ...(key !== undefined && { key }) });
      }),
    ),
  );
}

function drained({ outbox }: Shop): Promise<void> {
  return until('the outbox to be empty', async () => (await outbox.check()).waiting === 0);
}

/** Says what becomes of each entry, and which it has taken. */
function answering(backend: FakeBackend, answer: (entry: QueueEntry) => Error | EnqueueResult): string[] {
  const taken: string[] = [];
  backend.onEnqueue = async (entry) => {
    const result = answer(entry);
    if (result instanceof Error) throw result;
    if (result.status === 'stored') taken.push(entry.id);
    return result;
  };
  return taken;
}

describe('the relay', () => {
  it('hands what is sent in several transactions to its queue in batches', async () => {
    const shop = await startShop();
    const ids = Array.from({ length: 250 }, (_, index) => `m${index}`);
    await sendAll(shop, ...ids);
    await drained(shop);
    expect(shop.stored().toSorted()).toEqual(ids.toSorted());
    expect(shop.backend.batches.length).toBeLessThan(10);
  });

  it('tells of each message that is in its queue, with how long it took', async () => {
    const shop = await startShop();
    const relayed = collect(shop, OutboxRelayedNotification);
    const enqueued = collect(shop, TaskEnqueuedNotification);
    await shop.transactions.run(() => shop.dispatcher.publish(new Sold('a'), { id: 'e' }));
    await until('both to be told of', () => relayed.length === 2 && enqueued.length === 2);
    expect(relayed[0]).toMatchObject({ messageName: 'Sold', messageId: 'e', handler: 'SoldHandler', queue: 'default' });
    expect(relayed[0]?.receiptId).toBe('e.SoldHandler@default');
    expect(relayed[0]?.waitedMs).toBeGreaterThanOrEqual(0);
  });

  it('hands the next message of a key over when the queue has the one before', async () => {
    const shop = await startShop();
    const { backend } = shop;
    let release = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asked: string[] = [];
    backend.onEnqueue = async ({ id }) => {
      asked.push(id);
      if (id === 'a1') await first;
      return STORED;
    };
    await sendAll(shop, 'a1:a', 'a2:a', 'b1:b', 'c1');
    await until('those that may go to be handed over', () => asked.length === 3);
    await delay(20);
    expect(asked.toSorted()).toEqual(['a1', 'b1', 'c1']);
    release();
    await drained(shop);
    expect(asked.at(-1)).toBe('a2');
  });

  it('hands nothing over beside another relay where a slow queue takes longer for a key than the lease', async () => {
    const outbox = { ...POLLED, store: inMemoryOutbox(), leaseMs: 1000 };
    const asked: string[] = [];
    const slowly = async ({ id }: QueueEntry): Promise<EnqueueResult> => {
      asked.push(id);
      await delay(260);
      return STORED;
    };
    const [shop, other] = [await startShop(outbox), await startShop(outbox)];
    shop.backend.onEnqueue = slowly;
    other.backend.onEnqueue = slowly;
    await sendAll(shop, 'a1:a', 'a2:a', 'a3:a', 'a4:a', 'a5:a', 'a6:a');
    await drained(shop);
    expect(asked).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
  });

  it('holds back what is behind a refused message of its key, and nothing else, until that is taken', async () => {
    const shop = await startShop(POLLED);
    let refusals = 1;
    const taken = answering(shop.backend, ({ id }) =>
      id === 'a1' && refusals-- > 0 ? { status: 'refused', error: new RangeError('not today') } : STORED,
    );
    await sendAll(shop, 'a1:a', 'a2:a', 'b1:b', 'c1');
    await until('the others to go', () => taken.length === 2);
    expect(taken.toSorted()).toEqual(['b1', 'c1']);
    expect((await shop.outbox.check()).retrying).toBe(1);
    await drained(shop);
    expect(taken.slice(2)).toEqual(['a1', 'a2']);
  });

  it('sets aside what its queue refuses as often as it may, tells of it, and goes on with its key', async () => {
    const shop = await startShop({ ...POLLED, maxAttempts: 1 });
    const failed = collect(shop, OutboxFailedNotification);
    let isBroken = true;
    const taken = answering(shop.backend, ({ id }) =>
      id === 'a1' && isBroken ? { status: 'refused', error: new RangeError('too large') } : STORED,
    );
    await sendAll(shop, 'a1:a', 'a2:a');
    await drained(shop);
    expect(taken).toEqual(['a2']);
    const [aside] = await shop.outbox.failed();
    expect(aside).toMatchObject({ entryId: 'a1', key: 'a', attempts: 1, error: { message: 'too large' } });
    expect(await shop.outbox.check()).toMatchObject({ failed: 1, isHealthy: false });
    await until('it to be told', () => failed.length === 1);
    expect(failed[0]).toMatchObject({
      messageId: 'a1',
      outboxId: aside?.id,
      attempts: 1,
      error: { message: 'too large' },
    });
    isBroken = false;
    expect(await shop.outbox.retry([aside?.id ?? ''])).toBe(1);
    await drained(shop);
    expect(taken).toEqual(['a2', 'a1']);
  });

  it('sets aside what is for a queue that it does not know', async () => {
    const store = inMemoryOutbox();
    const shop = await startShop({ store, maxAttempts: 1 });
    const entry = { id: 'm', name: 'n', data: {}, key: undefined, priority: 100, deduplicationId: undefined };
    await shop.transactions.run(({ handle }) => store.add([{ queue: 'nowhere', entry, dueAtMs: undefined }], handle));
    await until('it to be set aside', async () => (await shop.outbox.check()).failed === 1);
    expect((await shop.outbox.failed())[0]?.error.message).toContain('the queue "nowhere"');
  });

  it.each([
    ['does not answer', new QueueUnavailableError('sending', 'a store', { mayBeStored: true })],
    ['is full', new QueueFullError('Ship', 'default', 1)],
  ])('goes on trying, uncounted and in order, while a queue %s', async (_what, error) => {
    const shop = await startShop({ ...POLLED, maxAttempts: 1 });
    const told = collect(shop, OutboxErrorNotification);
    let isAway = true;
    const taken = answering(shop.backend, () => (isAway ? error : STORED));
    await sendAll(shop, 'a1:a', 'a2:a');
    await until('several tries', () => told.length >= 2);
    expect(await shop.outbox.check()).toMatchObject({ waiting: 2, retrying: 0, failed: 0 });
    isAway = false;
    await drained(shop);
    expect(taken).toEqual(['a1', 'a2']);
    expect(shop.log.lines.filter((line) => line.includes('Messages wait in the outbox'))).toHaveLength(1);
  });

  it.each([
    ['does not answer', new QueueUnavailableError('sending', 'a store', { mayBeStored: true })],
    ['is full', new QueueFullError('Ship', 'default', 1)],
  ])('lets nothing of other queues wait behind any number of messages for one that %s', async (_what, error) => {
    const queues = { each: { stuck: {} } };
    const shop = await startShop({ ...POLLED, batchCount: 2 }, { queues });
    let isAway = true;
    const taken: string[] = [];
    shop.backend.onEnqueue = async ({ id }, queue) => {
      if (queue === 'stuck' && isAway) throw error;
      taken.push(id);
      return STORED;
    };
    const sendTo = (queue: string, ...ids: string[]) =>
      shop.transactions.run(() => Promise.all(ids.map((id) => shop.dispatcher.send(new Ship(id), { id, queue }))));
    await sendTo('stuck', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9');
    await sendTo('default', 'a1', 'a2', 'a3');
    await until('the others to go', () => taken.length === 3);
    expect(taken.toSorted()).toEqual(['a1', 'a2', 'a3']);
    isAway = false;
    await drained(shop);
    expect(taken).toHaveLength(12);
  });

  it('asks a store that gives what is not wanted again and again no more often than it looks by itself', async () => {
    const memory = inMemoryOutbox();
    let takes = 0;
    const take: OutboxStore['take'] = async ({ limit, leaseMs }) => {
      takes += 1;
      return memory.take({ limit, leaseMs });
    };
    const store = Object.assign(Object.create(memory) as OutboxStore, { take });
    const shop = await startShop({ store, pollEveryMs: 60_000 });
    shop.backend.onEnqueue = () => Promise.reject(new QueueFullError('Ship', 'default', 1));
    await sendAll(shop, 'a1');
    await until('it to have been tried', () => takes > 1);
    await delay(20);
    expect(takes).toBeLessThan(10);
  });

  it('counts what the queue has already, as after a death before it could say so, as sent', async () => {
    const shop = await startShop();
    answering(shop.backend, ({ id }) => ({ status: 'duplicate', id, place: 'default' }));
    await sendAll(shop, 'a1:a', 'a2:a');
    await drained(shop);
    expect((await shop.outbox.check()).failed).toBe(0);
  });

  it('goes on when its store comes back', async () => {
    const memory = inMemoryOutbox();
    let isAway = true;
    const take: OutboxStore['take'] = async (given) => {
      if (isAway) throw new RangeError('no line');
      return memory.take(given);
    };
    const shop = await startShop({ ...POLLED, store: Object.assign(Object.create(memory) as OutboxStore, { take }) });
    const told = collect(shop, OutboxErrorNotification);
    await sendAll(shop, 'a1');
    await until('it to be told', () => told.length > 0);
    isAway = false;
    await until('it to be relayed', () => shop.stored().length > 0);
    expect(shop.stored()).toEqual(['a1']);
  });

  it('does not run in a process that leaves it to others', async () => {
    const store = inMemoryOutbox();
    const shop = await startShop({ store, relay: false });
    await sendAll(shop, 'a1');
    await delay(30);
    expect([shop.stored(), (await store.counts()).waiting]).toEqual([[], 1]);
  });
});

describe('an application with an outbox that closes', () => {
  it('relays what is committed first, also what its last transactions have sent', async () => {
    const shop = await startShop();
    const sending = shop.transactions.run(async () => {
      await shop.dispatcher.send(new Ship('a'), { id: 'a' });
    });
    await sending;
    await shop.app.close();
    expect(shop.stored()).toEqual(['a']);
  });

  it('leaves what a queue does not take in time, and ends', async () => {
    const store = inMemoryOutbox();
    const shop = await startShop({ store }, { drainTimeoutMs: 50 });
    shop.backend.onEnqueue = () => new Promise(() => undefined);
    await sendAll(shop, 'a');
    await shop.app.close();
    expect((await store.counts()).waiting).toBe(1);
  });

  it('closes its store, and says where that fails', async () => {
    const closed = Object.assign(Object.create(inMemoryOutbox()) as OutboxStore, {
      close: () => Promise.reject(new RangeError('stuck')),
    });
    const shop = await startShop({ store: closed });
    await shop.app.close();
    expect(shop.log.lines.join('\n')).toContain('Could not close the store of "outbox": stuck');
  });

  it('that cannot open its store does not start', async () => {
    const broken = Object.assign(Object.create(inMemoryOutbox()) as OutboxStore, {
      open: () => Promise.reject(new RangeError('no tables')),
    });
    expect(await rejectionOf(startShop({ store: broken }))).toMatchObject({ message: 'no tables' });
  });
});
