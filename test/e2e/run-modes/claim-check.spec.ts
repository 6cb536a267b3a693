import { describe, expect, it } from '@jest/globals';
import { inMemoryDeadLetters, memoryClaimCheck, Queues } from 'nestjs-dispatch';
import { postgresClaimCheck } from 'nestjs-dispatch/postgres';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { FilmStored, FRAMES, startStoring, StoreFilm } from './films.js';
import { QUEUED_MODES, SHARED_MODES } from './modes.js';

describe.each(QUEUED_MODES)('a large message through $name', (mode) => {
  it('is handled as it was sent, tried again too, and nothing is left of it outside the queue', async () => {
    const { dispatcher, counted, journal } = await startStoring(mode);
    expect(await dispatcher.execute(new StoreFilm('a', FRAMES, 1))).toBe('a 3000 2999');
    expect(journal.entries).toEqual(['a 1', 'a 2']);
    await until('the payload to be gone', () => counted.ids.size === 0);
  });

  it('reaches every handler of an event, each with a payload of its own', async () => {
    const { dispatcher, counted, journal } = await startStoring(mode);
    await dispatcher.publishAndWait(new FilmStored(FRAMES));
    expect(journal.entries.toSorted()).toEqual(['mail 3000', 'mail 3000']);
    await until('the payloads to be gone', () => counted.ids.size === 0);
  });

  it('keeps its payload where it is parked, and its entry is small', async () => {
    const { app, dispatcher, counted, queue } = await startStoring(mode);
    expect(await rejectionOf(dispatcher.execute(new StoreFilm('a', FRAMES, 9)))).toMatchObject({ message: 'again' });
    const [parked] = await app.get(Queues).parked(queue, 'failed', 1);
    expect(JSON.stringify(parked?.data).length).toBeLessThan(1000);
    expect(counted.ids.size).toBe(1);
  });

  it('keeps its payload where it is parked outside the queue, from where it is replayed', async () => {
    const deadLetters = { store: inMemoryDeadLetters() };
    const { dispatcher, counted, letters, journal } = await startStoring(mode, memoryClaimCheck(), { deadLetters });
    await rejectionOf(dispatcher.execute(new StoreFilm('a', FRAMES, 3), { timeoutMs: 10_000 }));
    expect(await letters.replay({})).toMatchObject({ replayed: 1 });
    await until('it to fail again', async () => journal.entries.length === 4 && (await letters.count({})) === 1);
    expect(counted.ids.size).toBe(1);
  });

  it('is parked where its payload is gone, and its caller told why; the next one is handled', async () => {
    const { app, dispatcher, counted, queue } = await startStoring(mode);
    const queues = app.get(Queues);
    await queues.pause(queue);
    const calling = rejectionOf(dispatcher.execute(new StoreFilm('a', FRAMES)));
    await until('the message to wait', async () => (await queues.counts(queue)).waiting === 1);
    for (const id of counted.ids) await counted.remove(id);
    await queues.resume(queue);
    expect(await calling).toMatchObject({ code: 'DISPATCH_CLAIM_CHECK_MISSING' });
    expect((await queues.counts(queue)).parked).toMatchObject({ unreadable: 1 });
    expect(await dispatcher.execute(new StoreFilm('b', FRAMES))).toBe('b 3000 2999');
  });

  it('cannot be made by a schedule, which keeps its message itself', async () => {
    const { dispatcher, counted } = await startStoring(mode);
    const scheduling = dispatcher.schedule(new StoreFilm('a', FRAMES), { id: 'large', every: '1h' });
    expect(await rejectionOf(scheduling)).toMatchObject({ code: 'DISPATCH_MESSAGE_TOO_LARGE' });
    expect(counted.ids.size).toBe(0);
  });
});

describe.each(SHARED_MODES)('a large message through $name, kept on Postgres', (mode) => {
  it('is handled, and nothing is left of it', async () => {
    const connection = process.env['TEST_POSTGRES_URL'] ?? '';
    const store = postgresClaimCheck({ connection, schema: 'test_modes_claims', migrate: true });
    const { dispatcher, counted } = await startStoring(mode, store);
    expect(await dispatcher.execute(new StoreFilm('a', FRAMES, 1))).toBe('a 3000 2999');
    await until('the payload to be gone', () => counted.ids.size === 0);
  });
});
