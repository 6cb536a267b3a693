import { describe, expect, it } from '@jest/globals';

import { inMemoryQueue } from '../../../lib/run-modes/memory/in-memory-queue.js';
import type { BackendHost, QueueBackendFactory } from '../../../lib/run-modes/queue/queue-backend.port.js';
import { queueBackendContract } from '../../../lib/testing/index.js';
import { faultyQueue, type Faults } from './faulty-backend.js';

/** Whom the backend that replies too early tells. */
let told: BackendHost | undefined;

/** A fault, and the cases that find it. */
const FAULTS: readonly { readonly fault: string; readonly faults: Faults; readonly foundBy: readonly string[] }[] = [
  {
    fault: 'changes texts',
    faults: { delivery: ({ data }) => ({ data: JSON.parse(JSON.stringify(data).replaceAll('ü', '?')) }) },
    foundBy: ['delivers an entry with its id, name, data, place and time'],
  },
  {
    fault: 'writes the line of a key over what somebody else wrote',
    faults: {
      backend: (backend) => ({
        changeKeyBlock: async (queue, key, _from, to) =>
          backend.changeKeyBlock(queue, key, await backend.keyBlock(queue, key), to),
      }),
    },
    foundBy: [
      'changes the line of a key for one of those who try at the same time, and for nobody who knows an older one',
    ],
  },
  {
    fault: 'takes keys for the same that are not',
    faults: {
      backend: (backend) => ({
        keyBlock: (queue) => backend.keyBlock(queue, ''),
        changeKeyBlock: (queue, _key, from, to) => backend.changeKeyBlock(queue, '', from, to),
      }),
    },
    foundBy: ['keeps the line of a key, whatever text that is, for every instance, until it is removed'],
  },
  {
    fault: 'delivers twice',
    faults: {
      handle: (handle) => async (delivery) => {
        await handle(delivery);
        return handle(delivery);
      },
    },
    foundBy: [
      'takes 2 500 entries in one call and delivers each once',
      'does not store an entry again whose id waits, runs or is completed',
    ],
  },
  {
    fault: 'ignores priorities',
    faults: { entry: (entry) => ({ ...entry, priority: 5 }) },
    foundBy: ['delivers the most urgent first, and equals in the order of enqueueing'],
  },
  {
    fault: 'delivers too early',
    faults: { entry: (entry) => ({ ...entry, delayMs: entry.delayMs / 2 }) },
    foundBy: ['keeps a delayed entry back, and delivers the others meanwhile'],
  },
  {
    fault: 'ignores deduplication ids',
    faults: { entry: (entry) => ({ ...entry, deduplicationId: undefined }) },
    foundBy: ['stores an entry once while another one with its deduplication id waits or runs, and again afterwards'],
  },
  {
    fault: 'retries at once',
    faults: { settlement: (given) => (given.action === 'retry' ? { ...given, delayMs: 0 } : given) },
    foundBy: ['delivers a retried entry again with the next attempt number, not before its delay, others meanwhile'],
  },
  {
    fault: 'counts what is given back',
    faults: {
      settlement: (given, delivery) => {
        if (given.action === 'giveBack') void delivery.countAttempt();
        return given;
      },
    },
    foundBy: [
      'delivers an entry that was given back before those that wait, its attempt uncounted',
      'what is given back while a consumer closes is delivered to the next one, uncounted',
    ],
  },
  {
    fault: 'puts what is given back behind',
    faults: {
      settlement: (given) =>
        given.action === 'giveBack'
          ? { action: 'retry', delayMs: 0, error: { name: '', message: '', code: undefined, stack: undefined } }
          : given,
    },
    foundBy: ['delivers an entry that was given back before those that wait, its attempt uncounted'],
  },
  {
    fault: 'gives back at once',
    faults: { settlement: (given) => (given.action === 'giveBack' ? { action: 'giveBack' } : given) },
    foundBy: [
      'delivers an entry that was given back for a time not before that, its attempt uncounted, others meanwhile',
    ],
  },
  {
    fault: 'parks everything as failed',
    faults: { settlement: (given) => (given.action === 'park' ? { ...given, place: 'failed' } : given) },
    foundBy: ['parks an entry as invalid with its error, and delivers the next'],
  },
  {
    fault: 'parks what is discarded',
    faults: {
      settlement: (given) => (given.action === 'discard' ? { ...given, action: 'park', place: 'failed' } : given),
    },
    foundBy: ['keeps and counts a discarded entry as ended, not as parked, and tells its sender the error'],
  },
  {
    fault: 'takes what is discarded for handled',
    faults: {
      settlement: (given) => (given.action === 'discard' ? { action: 'complete', result: null } : given),
    },
    foundBy: ['keeps and counts a discarded entry as ended, not as parked, and tells its sender the error'],
  },
  {
    fault: 'forgets the dead letters of an error',
    faults: {
      settlement: (given) => {
        if (given.action !== 'park') return given;
        const { deadLetters: _forgotten, ...error } = given.error;
        return { ...given, error };
      },
    },
    foundBy: ['keeps with a parked entry the dead letters that its error names'],
  },
  {
    fault: 'ignores keys',
    faults: { entry: (entry) => ({ ...entry, key: undefined }) },
    foundBy: ['delivers the entries of a key one at a time and in order, with several consumers'],
  },
  {
    fault: 'never replies',
    faults: { host: () => ({ replied: () => undefined }) },
    foundBy: ['tells the sender the result, also null and none, and the error of a parked entry'],
  },
  {
    fault: 'says of no reply where the entry is',
    faults: { host: (host) => ({ replied: (id, outcome) => host.replied(id, outcome) }) },
    foundBy: ['says with each reply where the entry is, so that those of one id in two queues are told apart'],
  },
  {
    fault: 'replies before the end is stored',
    faults: {
      handle: (handle) => async (delivery) => {
        const settlement = await handle(delivery);
        if (settlement.action === 'complete') told?.replied(delivery.id, { status: 'completed', result: null });
        return settlement;
      },
      host: (host) => {
        told = host;
        return {};
      },
    },
    foundBy: ['has stored the end of an entry by the time the sender is told'],
  },
  {
    fault: 'does not pause',
    faults: { backend: (backend) => ({ pause: async (queue) => void (await backend.counts(queue)) }) },
    foundBy: ['delivers nothing from a paused queue, keeps what is sent to it, and goes on after resume'],
  },
  {
    fault: 'ignores limits',
    faults: {
      backend: (backend) => ({
        consume: (settings, handle) =>
          backend.consume({ ...settings, concurrency: 50, globalConcurrency: undefined, rateLimit: undefined }, handle),
      }),
    },
    foundBy: [
      'runs as many handlers at once as concurrency allows in one consumer, and no more',
      'runs no more handlers in all consumers together than globalConcurrency allows',
      'delivers no faster than the rate limit',
    ],
  },
  {
    fault: 'closes a consumer at once',
    faults: {
      backend: (backend) => ({
        consume: async (settings, handle) => {
          const consumer = await backend.consume(settings, handle);
          return { stop: () => consumer.stop(), close: async () => consumer.stop() };
        },
      }),
    },
    foundBy: ['closing a consumer waits until its deliveries are settled'],
  },
  {
    fault: 'does not replace schedules',
    faults: {
      backend: (backend) => ({
        schedule: (queue, schedule) => backend.schedule(queue, { ...schedule, id: `${schedule.id} ${Math.random()}` }),
      }),
    },
    foundBy: ['replaces a schedule of the same id'],
  },
  {
    fault: 'claims to be durable',
    faults: { backend: () => ({ features: new Set(['durable']) }) },
    foundBy: ['keeps what waits, is delayed and is parked while no instance is there'],
  },
  {
    fault: 'claims to be shared',
    faults: { backend: () => ({ features: new Set(['shared']) }) },
    foundBy: [
      'another instance reads the result of an entry',
      'tells each instance of exactly its own entries, whichever instance handles them',
    ],
  },
];

function caseOf(title: string, factory: () => QueueBackendFactory, skipped?: (title: string, reason: string) => void) {
  const setup = { factory, patienceMs: 400, skipped: skipped ?? (() => undefined) };
  const found = queueBackendContract(setup).find((each) => each.title === title);
  if (found === undefined) throw new Error(`There is no case "${title}".`);
  return found;
}

describe('the contract of queue backends', () => {
  const pairs = FAULTS.flatMap(({ fault, faults, foundBy }) => foundBy.map((title) => ({ fault, faults, title })));

  it.each(pairs)('finds by "$title" a backend that $fault', async ({ faults, title }) => {
    await expect(caseOf(title, () => faultyQueue(faults)).run()).rejects.toHaveProperty('name', 'AssertionError');
  });

  it('says why a case is not run', async () => {
    const reasons: string[] = [];
    const title = 'another instance reads the result of an entry';
    const sharing = caseOf(
      title,
      () => inMemoryQueue(),
      (...reason) => reasons.push(...reason),
    );
    expect(sharing.needs).toEqual(['shared']);
    await sharing.run();
    expect(reasons).toEqual([title, 'the backend does not declare shared']);
  });

  it('gives each case a title of its own', () => {
    const titles = queueBackendContract({ factory: () => inMemoryQueue() }).map(({ title }) => title);
    expect(titles).toEqual([...new Set(titles)]);
  });
});
