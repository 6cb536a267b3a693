import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { inMemoryDeadLetters, type QueueBackend, type QueueBackendFactory } from 'nestjs-dispatch';

import { redisAt } from '../../integration/bullmq/instance.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { Count, startLetters, type LetterApplication } from './letters.js';
import { QUEUED_MODES, type Mode } from './modes.js';
import { Journal } from './orders.js';

const CASES = QUEUED_MODES.flatMap((mode) => [
  { ...mode, kept: 'in its queue', store: undefined },
  { ...mode, kept: 'in a store', store: inMemoryDeadLetters },
]);

/** An application, and a way into its queue for what it would not send. */
async function startBeside(
  mode: Mode,
  store?: typeof inMemoryDeadLetters,
): Promise<LetterApplication & { slip(data: unknown): Promise<string> }> {
  const backends: QueueBackend[] = [];
  const factory = mode.queue?.() as QueueBackendFactory;
  const queue: QueueBackendFactory = {
    name: factory.name,
    create(host) {
      const backend = factory.create(host);
      backends.push(backend);
      return backend;
    },
  };
  const options = { queue, ...(store !== undefined && { deadLetters: { store: store() } }) };
  const application = await startLetters(mode, { options });
  const slip = async (data: unknown): Promise<string> => {
    const id = randomUUID();
    const entry = { id, name: 'theirs', data: data as never, key: undefined, priority: 1, delayMs: 0 };
    const rest = { deduplicationId: undefined, replyTo: undefined, isForwarded: false };
    await Promise.all((await backends[0]?.enqueue(application.queue, [{ ...entry, ...rest }])) ?? []);
    return id;
  };
  return { ...application, slip };
}

const OURS = {
  kind: 'command',
  name: 'letters.count',
  version: 1,
  headers: { correlationId: 'c-1' },
  handler: 'CountHandler',
};

describe.each(CASES)('what cannot be read of $name, $kept', ({ store, kept: _kept, ...mode }) => {
  it.each<[string, unknown]>([
    ['the job of a stranger', { orderId: 7, payload: { flaw: 'no' } }],
    ['a text', 'hello'],
    ['an entry without a name', { ...OURS, format: 1, name: undefined }],
  ])('is %s: it is shown, stays whatever is edited, and is discarded', async (_title, data) => {
    const { dispatcher, app, letters, queue, slip } = await startBeside(mode, store);
    const entryId = await slip(data);
    await until('it to be parked', async () => (await letters.count({ queue, place: 'unreadable' })) === 1);
    const [letter] = (await letters.list({ queue })).letters;
    const stored = JSON.parse(JSON.stringify(data)) as unknown;
    expect(letter).toMatchObject({
      place: 'unreadable',
      message: undefined,
      data: stored,
      error: { code: 'DISPATCH_UNREADABLE_ENTRY' },
      attempts: 1,
    });
    const id = letter?.id ?? '';
    expect(id).toContain(entryId);
    expect(await letters.get(id)).toEqual(letter);
    expect(await letters.list({ queue, message: '*' })).toMatchObject({ letters: [] });
    for (const edit of [undefined, { headers: { a: 'b' } }, { payload: { count: 1 } }]) {
      expect(await letters.replay(id, edit && { edit })).toMatchObject({
        replayed: 0,
        failed: 1,
        errors: [{ id, error: { code: 'DISPATCH_DEAD_LETTER_NOT_REPLAYABLE', letterId: id } }],
      });
    }
    expect(await letters.replay({ queue })).toMatchObject({ matched: 1, replayed: 0, failed: 1 });
    expect(await letters.get(id)).toEqual(letter);
    expect(await letters.discard(id, { reason: 'not ours' })).toMatchObject({ discarded: 1 });
    expect(await letters.count({ queue })).toBe(0);
    await dispatcher.send(Count.of(4));
    await until('the next to be handled', () => app.get(Journal).entries.join() === '4');
  });

  it('is an entry of ours with a payload of no class: it becomes a message with another one', async () => {
    const { app, letters, queue, slip } = await startBeside(mode, store);
    await slip({ ...OURS, format: 1, payload: 7 });
    await until('it to be parked', async () => (await letters.count({ queue, place: 'unreadable' })) === 1);
    const [letter] = (await letters.list({ queue })).letters;
    expect(letter).toMatchObject({ message: { name: 'letters.count', payload: 7 }, handler: 'CountHandler' });
    const edit = { payload: { count: 5 } };
    expect(await letters.replay(letter?.id ?? '', { edit })).toMatchObject({ replayed: 1 });
    await until('it to be handled', () => app.get(Journal).entries.join() === '5');
    expect(await letters.count({ queue })).toBe(0);
  });

  it('is of a later release: it may go back as it is, for a worker that knows it, and is not edited here', async () => {
    const { letters, queue, slip } = await startBeside(mode, store);
    await slip({ ...OURS, format: 99, payload: {} });
    const parkedAt = async (): Promise<number> =>
      (await letters.list({ queue, place: 'unreadable' })).letters[0]?.lastFailedAt.getTime() ?? 0;
    await until('it to be parked', async () => (await parkedAt()) > 0);
    const [letter] = (await letters.list({ queue })).letters;
    const refused = await letters.replay(letter?.id ?? '', { edit: { headers: { a: 'b' } } });
    expect(refused.errors).toMatchObject([{ error: { code: 'DISPATCH_DEAD_LETTER_NOT_REPLAYABLE' } }]);
    const before = await parkedAt();
    expect(await letters.replay({ queue })).toMatchObject({ replayed: 1, failed: 0 });
    await until('it to be parked again here', async () => (await parkedAt()) > before);
  });
});

describe('a job that BullMQ itself has added on Redis', () => {
  it('is parked as unreadable, shown, and discarded', async () => {
    const { letters, queue } = await startLetters(QUEUED_MODES[1] as Mode);
    const connection = redisAt(process.env['TEST_REDIS_URL'] ?? '');
    const stranger = new Queue(queue, { connection, prefix: 'test-modes' });
    await stranger.add('theirs', { some: 'thing' }, { attempts: 3 });
    await stranger.close();
    connection.disconnect();
    await until('it to be parked', async () => (await letters.count({ queue, place: 'unreadable' })) === 1);
    const [letter] = (await letters.list({ queue })).letters;
    expect(letter).toMatchObject({ data: { some: 'thing' }, message: undefined });
    expect(await letters.replay(letter?.id ?? '')).toMatchObject({ replayed: 0, failed: 1 });
    expect(await letters.discard({ queue }, { reason: 'not ours' })).toMatchObject({ discarded: 1 });
    expect(await letters.list({ queue })).toEqual({ letters: [], next: undefined });
  });
});
