import { describe, expect, it } from '@jest/globals';
import { memoryClaimCheck, QueueFullError, QueueUnavailableError, TaskRejectedNotification } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { collect, until } from '../queued-application.js';
import { FileImported, ImportFile, LARGE, SMALL, startImporting } from './importing.js';

describe('a payload above the threshold', () => {
  it('is kept outside the queue, whose entry only says where', async () => {
    const { dispatcher, backend, store } = await startImporting();
    await dispatcher.send(new ImportFile(LARGE));
    const [entry] = backend.batches.flat();
    const [[id, kept] = ['', undefined]] = [...store.kept];
    expect(entry?.data).toMatchObject({ format: 2, name: 'files.import', claim: { id, sizeBytes: 1214 } });
    expect(JSON.stringify(entry?.data).length).toBeLessThan(500);
    expect(kept).toEqual({ payload: JSON.stringify({ content: LARGE }), ttlMs: 2_592_000_000 });
  });

  it('is kept as much longer as its message is delayed', async () => {
    const { dispatcher, store } = await startImporting(undefined, { claimCheck: { ttlMs: 1000 } });
    await dispatcher.send(new ImportFile(LARGE), { delayMs: 60_000 });
    expect([...store.kept.values()]).toMatchObject([{ ttlMs: 61_000 }]);
  });

  it('may be larger than maxPayloadBytes, but not than maxBytes', async () => {
    const limits = { maxPayloadBytes: 600, claimCheck: { maxBytes: 1300 } };
    const { dispatcher, backend, store } = await startImporting(undefined, limits);
    await dispatcher.send(new ImportFile(LARGE));
    const error = await rejectionOf(dispatcher.send(new ImportFile(LARGE + LARGE)));
    expect(error).toMatchObject({ code: 'DISPATCH_MESSAGE_TOO_LARGE', maxBytes: 1300 });
    expect([backend.batches.flat().length, store.kept.size]).toEqual([1, 1]);
  });

  it('is kept once for each handler of an event, so that none depends on another', async () => {
    const { dispatcher, backend, store } = await startImporting();
    await dispatcher.publish(new FileImported(LARGE));
    const claims = backend.batches.flat().map(({ data }) => Reflect.get(Object(data), 'claim') as { id: string });
    expect(new Set(claims.map(({ id }) => id))).toEqual(new Set(store.kept.keys()));
    expect(store.kept.size).toBe(2);
  });

  it('holds back what is sent later with the same key, and nothing else', async () => {
    const { dispatcher, backend, store } = await startImporting();
    const gate = deferred();
    store.gate = gate.promise;
    const sent = [
      dispatcher.send(new ImportFile(LARGE), { id: 'a1', key: 'a' }),
      dispatcher.send(new ImportFile(SMALL), { id: 'a2', key: 'a' }),
      dispatcher.send(new ImportFile(SMALL), { id: 'b1', key: 'b' }),
      dispatcher.send(new ImportFile(LARGE), { id: 'a3', key: 'a' }),
    ];
    const ids = (): string[] => backend.batches.flat().map(({ id }) => id);
    await until('the other key', () => ids().length === 1);
    gate.resolve();
    await Promise.all([...sent, dispatcher.send(new ImportFile(SMALL), { id: 'a4', key: 'a' })]);
    expect(ids()).toEqual(['b1', 'a1', 'a2', 'a3', 'a4']);
  });

  it('is waited for when the application closes, and its message sent', async () => {
    const { app, dispatcher, backend, store } = await startImporting();
    const gate = deferred();
    store.gate = gate.promise;
    const sending = dispatcher.send(new ImportFile(LARGE));
    const closing = app.close();
    gate.resolve();
    await Promise.all([sending, closing]);
    expect(backend.batches.flat()).toHaveLength(1);
    expect(store.isClosed).toBe(true);
  });
});

describe('a payload up to the threshold', () => {
  it('stays in its entry', async () => {
    const { dispatcher, backend, store } = await startImporting();
    await dispatcher.send(new ImportFile('x'.repeat(500 - '{"content":""}'.length)));
    expect(backend.batches.flat()).toMatchObject([{ data: { format: 1, payload: {} } }]);
    expect(store.kept.size).toBe(0);
  });
});

describe('a send whose payload cannot be kept', () => {
  it('fails with a typed error and stores nothing; the next one is sent', async () => {
    const application = await startImporting();
    const { dispatcher, backend, store } = application;
    const rejected = collect(application, TaskRejectedNotification);
    store.failure = new RangeError('no disk');
    const error = await rejectionOf(dispatcher.execute(new ImportFile(LARGE), { key: 'a' }));
    expect(error).toMatchObject({
      code: 'DISPATCH_CLAIM_CHECK_UNAVAILABLE',
      attempted: 'keep',
      cause: { message: 'no disk' },
    });
    await dispatcher.send(new ImportFile(SMALL), { key: 'a' });
    store.failure = undefined;
    await dispatcher.send(new ImportFile(LARGE), { key: 'a' });
    expect(backend.batches.flat()).toHaveLength(2);
    await until('the notification', () => rejected.length === 1);
    expect(rejected).toMatchObject([{ messageName: 'files.import', error: { name: 'ClaimCheckUnavailableError' } }]);
  });

  it('says that a store in memory is full, which has room again when something goes', async () => {
    const store = memoryClaimCheck({ maxBytes: 2000 });
    const { dispatcher, backend } = await startImporting(undefined, { claimCheck: { store } });
    await dispatcher.send(new ImportFile(LARGE));
    const error = await rejectionOf(dispatcher.send(new ImportFile(LARGE)));
    expect(error).toMatchObject({ code: 'DISPATCH_CLAIM_CHECK_FULL', sizeBytes: 1214, maxBytes: 2000 });
    const { id } = Reflect.get(Object(backend.batches[0]?.[0]?.data), 'claim') as { readonly id: string };
    await store.remove(id);
    await expect(dispatcher.send(new ImportFile(LARGE))).resolves.toBeDefined();
  });
});

describe('a payload whose message the queue does not take', () => {
  it('goes where the queue has the message already, whose payload stays', async () => {
    const { dispatcher, backend, store } = await startImporting();
    await dispatcher.send(new ImportFile(LARGE), { id: 'm1' });
    const first = [...store.kept.keys()];
    backend.onEnqueue = async ({ id }, place) => ({ status: 'duplicate', id, place });
    await dispatcher.send(new ImportFile(LARGE), { id: 'm1' });
    await until('only the first to be left', () => store.kept.size === 1);
    expect([...store.kept.keys()]).toEqual(first);
  });

  it.each([
    ['goes where the queue is full', 0, new QueueFullError('files.import', 'default', 1)],
    ['goes where the message cannot be there', 0, new QueueUnavailableError('sending', 'Redis')],
    ['stays where the message may be there', 1, new QueueUnavailableError('sending', 'Redis', { mayBeStored: true })],
    ['stays where nothing is known', 1, new RangeError('what?')],
  ])('%s', async (_title, count, error) => {
    const { app, dispatcher, backend, store } = await startImporting();
    backend.onEnqueue = () => Promise.reject(error);
    expect(await rejectionOf(dispatcher.send(new ImportFile(LARGE)))).toMatchObject({ name: error.name });
    await app.close();
    expect(store.kept.size).toBe(count);
  });
});
