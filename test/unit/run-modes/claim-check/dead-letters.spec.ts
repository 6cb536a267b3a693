import { describe, expect, it } from '@jest/globals';
import {
  DeadLetters,
  inMemoryQueue,
  ParkedEntryBusyError,
  QueueUnavailableError,
  type QueueBackendFactory,
} from 'nestjs-dispatch';

import { until } from '../queued-application.js';
import { ImportFile, LARGE, startImporting, type ImportingOptions } from './importing.js';

/** An application in which every import fails, and the letter of a large one. */
async function startParking(claimCheck: ImportingOptions['claimCheck'] = {}, queue = inMemoryQueue()) {
  const never = (): Promise<never> => Promise.reject(new RangeError('never'));
  const failures: ImportingOptions['failures'] = (on) => [on(RangeError).deadLetter()];
  const application = await startImporting(never, { queue, failures, claimCheck });
  const letters = application.app.get(DeadLetters);
  await application.dispatcher.send(new ImportFile(LARGE));
  await until('it to be parked', async () => (await letters.count()) === 1);
  const [listed] = (await letters.list()).letters;
  return { ...application, letters, id: listed?.id ?? '', claimId: listed?.message?.claim?.id ?? '' };
}

/** A queue that puts nothing back, for a reason. */
function refusing(error: Error): QueueBackendFactory {
  const memory = inMemoryQueue();
  const replayParked = async (): Promise<never> => {
    throw error;
  };
  return { ...memory, create: (parts) => Object.assign(memory.create(parts), { replayParked }) };
}

const edit = { payload: { content: `other ${LARGE}` } };

describe('a dead letter whose payload is kept outside the queue', () => {
  it('is shown without it while the store does not answer, and a reason is logged; then with it', async () => {
    const { letters, store, id, log } = await startParking();
    store.failure = new RangeError('no line');
    const shown = await letters.get(id);
    expect(shown?.message).toMatchObject({ name: 'files.import', claim: { state: 'unavailable' } });
    expect(log.lines.join('\n')).toContain('cannot be shown: no line');
    store.failure = undefined;
    expect((await letters.get(id))?.message).toMatchObject({ payload: { content: LARGE }, claim: { state: 'read' } });
  });

  it('says where what is kept is no payload, and shows nothing of it', async () => {
    const { letters, store, id, claimId } = await startParking();
    store.kept.set(claimId, { payload: '{"content":"half', ttlMs: 1 });
    const shown = await letters.get(id);
    expect(shown?.message).toMatchObject({ payload: undefined, claim: { state: 'unreadable' } });
  });

  it('is discarded while the store does not answer; the payload has its time limit', async () => {
    const { letters, store, id } = await startParking();
    store.failure = new RangeError('no line');
    expect(await letters.discard(id, { reason: 'old' })).toMatchObject({ discarded: 1, failed: 0 });
    expect([await letters.count(), store.kept.size]).toEqual([0, 1]);
  });

  it('stays as it was where its new payload cannot be kept, and is replayed with it later', async () => {
    const { letters, store, id, claimId } = await startParking();
    store.failure = new RangeError('no line');
    const report = await letters.replay(id, { edit });
    expect(report).toMatchObject({ replayed: 0, errors: [{ error: { code: 'DISPATCH_CLAIM_CHECK_UNAVAILABLE' } }] });
    store.failure = undefined;
    expect([await letters.count(), [...store.kept.keys()]]).toEqual([1, [claimId]]);
    expect(await letters.replay(id, { edit })).toMatchObject({ replayed: 1 });
    await until('the payload before to be gone', () => store.kept.size === 1 && !store.kept.has(claimId));
  });

  it('is not replayed with a payload above the limit, of which nothing is kept', async () => {
    const { letters, store, id, claimId } = await startParking({ maxBytes: 5000 });
    const report = await letters.replay(id, { edit: { payload: { content: 'x'.repeat(5000) } } });
    expect(report).toMatchObject({ replayed: 0, errors: [{ error: { code: 'DISPATCH_DEAD_LETTER_NOT_REPLAYABLE' } }] });
    expect([...store.kept.keys()]).toEqual([claimId]);
  });

  it.each([
    ['forgets', 'has nothing of it', new ParkedEntryBusyError('q', 'id'), 1],
    ['keeps', 'may have it', new QueueUnavailableError('replaying', 'a store', { mayBeStored: true }), 2],
  ])('%s its new payload where the queue refuses it and %s', async (_does, _why, error, kept) => {
    const { letters, store, id } = await startParking({}, refusing(error));
    expect(await letters.replay(id, { edit })).toMatchObject({
      replayed: 0,
      errors: [{ error: { code: error.code } }],
    });
    await until('it to be decided', () => store.kept.size === kept);
    expect((await letters.get(id))?.message).toMatchObject({ payload: { content: LARGE } });
  });

  it('keeps nothing of a new payload for a letter that is not there', async () => {
    const { letters, store, id, claimId } = await startParking();
    const report = await letters.replay(`${id}x`, { edit });
    expect(report).toMatchObject({ replayed: 0, errors: [{ error: { code: 'DISPATCH_DEAD_LETTER_GONE' } }] });
    expect([...store.kept.keys()]).toEqual([claimId]);
  });
});
