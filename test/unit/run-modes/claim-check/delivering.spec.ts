import { describe, expect, it } from '@jest/globals';
import { OnError, retry, TaskFailedNotification, type EntrySnapshot, type EntryState } from 'nestjs-dispatch';

import { collect, startQueued, until } from '../queued-application.js';
import { ImportFile, LARGE, SMALL, startImporting, type Importing } from './importing.js';

/** What the queue has of a message that was sent. */
async function sent({ dispatcher, backend }: Importing, content = LARGE) {
  await dispatcher.send(new ImportFile(content));
  const { id, name, data } = backend.batches.flat().at(-1) ?? { id: '', name: '', data: null };
  return { id, name, data };
}

function snapshot(state: EntryState): EntrySnapshot {
  return { state, attempt: 1, progress: undefined, outcome: undefined };
}

describe('a message whose payload is kept outside the queue', () => {
  it('is handled with it, and the payload goes once the queue says that the message is done', async () => {
    const application = await startImporting();
    const { backend, store } = application;
    const entry = await sent(application);
    let state: EntryState = 'active';
    backend.onRead = async () => snapshot(state);
    expect(await backend.deliver(entry)).toEqual({ action: 'complete', result: LARGE.length });
    await until('the queue to be asked', () => backend.reads.length > 0);
    expect(store.kept.size).toBe(1);
    state = 'completed';
    await until('the payload to be gone', () => store.kept.size === 0);
  });

  it('has its payload removed when the application closes, where the queue has it as done', async () => {
    const application = await startImporting();
    const { app, backend, store } = application;
    backend.onRead = async () => snapshot('completed');
    await backend.deliver(await sent(application));
    await app.close();
    expect([store.kept.size, store.isClosed]).toEqual([0, true]);
  });

  it('keeps its payload where it is parked, or was taken over by somebody who parked it', async () => {
    const application = await startImporting(() => Promise.reject(new RangeError('never')), {
      failures: (on) => [on(RangeError).deadLetter()],
    });
    const { app, backend, store } = application;
    backend.onRead = async () => snapshot('failed');
    expect(await backend.deliver(await sent(application))).toMatchObject({ action: 'park', place: 'failed' });
    await app.close();
    expect(store.kept.size).toBe(1);
  });

  it('loses its payload where a rule drops it', async () => {
    const application = await startImporting(() => Promise.reject(new RangeError('never')), {
      failures: (on) => [on(RangeError).discard('nobody needs it')],
    });
    const { app, backend, store } = application;
    backend.onRead = async () => snapshot('failed');
    expect(await backend.deliver(await sent(application))).toMatchObject({ action: 'discard' });
    await app.close();
    expect(store.kept.size).toBe(0);
  });

  it('is read once for all attempts within a delivery, each of which gets it as it was sent', async () => {
    const seen: string[] = [];
    const application = await startImporting((message) => {
      seen.push(message.content);
      Object.assign(message, { content: SMALL });
      if (seen.length < 3) throw new RangeError('again');
    });
    OnError(RangeError, retry('1ms', '1ms'))(ImportFile);
    const { backend, store } = application;
    let attempt = 1;
    const entry = await sent(application);
    const countAttempt = async (): Promise<number> => (attempt += 1);
    expect(await backend.deliver({ ...entry, key: 'a', countAttempt })).toMatchObject({ action: 'complete' });
    expect(seen).toEqual([LARGE, LARGE, LARGE]);
    expect(store.read).toHaveLength(1);
  });
});

describe('a message whose payload is not there', () => {
  it('is parked with a typed error, without an attempt, and the next one is handled', async () => {
    let runs = 0;
    const application = await startImporting(() => (runs += 1));
    const { backend, store } = application;
    const failed = collect(application, TaskFailedNotification);
    const entry = await sent(application);
    store.kept.clear();
    const missing = { code: 'DISPATCH_CLAIM_CHECK_MISSING', message: expect.stringContaining(entry.id) as unknown };
    expect(await backend.deliver(entry)).toMatchObject({ action: 'park', place: 'unreadable', error: missing });
    expect(runs).toBe(0);
    await until('the notification', () => failed.length === 1);
    expect(failed).toMatchObject([{ messageId: entry.id, place: 'unreadable', error: { queue: 'default' } }]);
    expect(await backend.deliver(await sent(application))).toMatchObject({ action: 'complete' });
  });

  it('is parked where what is there is no payload', async () => {
    const application = await startImporting();
    const { backend, store } = application;
    const entry = await sent(application);
    for (const id of store.kept.keys()) store.kept.set(id, { payload: '{"content":', ttlMs: 1 });
    const error = { code: 'DISPATCH_UNREADABLE_MESSAGE' };
    expect(await backend.deliver(entry)).toMatchObject({ action: 'park', place: 'unreadable', error });
  });

  it('is parked in a process that has no store for payloads', async () => {
    const application = await startImporting();
    const entry = await sent(application);
    const { backend } = application;
    await startQueued({ options: { queue: backend.factory } });
    const error = { message: expect.stringContaining('has no "claimCheck"') as unknown };
    expect(await backend.deliver(entry)).toMatchObject({ action: 'park', place: 'unreadable', error });
  });
});

describe('a message whose payload cannot be read for now', () => {
  it('goes back for a while, uncounted, and is handled when it can', async () => {
    const application = await startImporting();
    const { backend, store, log } = application;
    const entry = await sent(application);
    store.failure = new RangeError('no line');
    expect(await backend.deliver(entry)).toEqual({ action: 'giveBack', delayMs: 1000 });
    expect(log.lines.join('\n')).toContain('The payload of "files.import" could not be read');
    store.failure = undefined;
    expect(await backend.deliver(entry)).toMatchObject({ action: 'complete' });
  });

  it('is held back where it has a key, so that none of its key overtakes it', async () => {
    const application = await startImporting();
    const { backend, store } = application;
    const entry = await sent(application);
    store.failure = new RangeError('no line');
    expect(await backend.deliver({ ...entry, key: 'a' })).toEqual({ action: 'giveBack' });
  });

  it('keeps its payload where the store fails to remove it, and the application closes all the same', async () => {
    const application = await startImporting();
    const { app, backend, store } = application;
    backend.onRead = async () => snapshot('completed');
    await backend.deliver(await sent(application));
    store.failure = new RangeError('no line');
    await app.close();
    expect(store.kept.size).toBe(1);
  });
});
