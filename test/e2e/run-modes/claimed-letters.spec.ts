import { describe, expect, it } from '@jest/globals';
import { memoryClaimCheck } from 'nestjs-dispatch';
import { postgresClaimCheck } from 'nestjs-dispatch/postgres';

import { runCommandLine } from '../../../lib/cli/command-line.js';
import { RecordedTerminal } from '../../unit/cli/recorded-terminal.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { FRAMES, parkFilm, startStoring } from './films.js';
import { QUEUED_MODES, SHARED_MODES } from './modes.js';

const postgresClaims = () =>
  postgresClaimCheck({
    connection: process.env['TEST_POSTGRES_URL'] ?? '',
    schema: 'test_modes_letter_claims',
    migrate: true,
  });
const STORES = [
  ...QUEUED_MODES.map((mode) => ({ mode, keeps: 'memory', store: memoryClaimCheck })),
  ...SHARED_MODES.map((mode) => ({ mode, keeps: 'Postgres', store: postgresClaims })),
];
const framesOf = (payload: unknown): unknown => (payload as { readonly frames?: unknown } | undefined)?.frames;

describe.each(STORES)('a dead letter behind $mode.name whose payload is kept on $keeps', ({ mode, store }) => {
  it('is shown with its payload; a list only says where that is', async () => {
    const storing = await startStoring(mode, store());
    const listed = await parkFilm(storing);
    const sizeBytes = expect.any(Number) as unknown;
    const [id] = storing.counted.ids;
    expect(listed.message).toMatchObject({ claim: { id, sizeBytes, state: 'notRead' } });
    expect(listed.message?.payload).toBeUndefined();
    const shown = await storing.letters.get(listed.id);
    expect(shown?.message?.claim).toEqual({ id, sizeBytes: listed.message?.claim?.sizeBytes, state: 'read' });
    expect(shown?.message?.payload).toMatchObject({ title: 'a' });
    expect(framesOf(shown?.message?.payload)).toHaveLength(FRAMES.length);
  });

  it('is replayed with its payload, which goes when the message is done', async () => {
    const storing = await startStoring(mode, store());
    const { letters, counted, journal } = storing;
    const { id } = await parkFilm(storing);
    expect(counted.ids.size).toBe(1);
    expect(await letters.replay(id)).toMatchObject({ matched: 1, replayed: 1, failed: 0 });
    await until('it to be handled', () => journal.entries.length === 3);
    await until('the payload to be gone', () => counted.ids.size === 0);
  });

  it.each([
    ['small', 1, 0],
    ['large too', 4000, 1],
  ])('is replayed with another payload that is %s, and the one before goes', async (_size, count, kept) => {
    const storing = await startStoring(mode, store());
    const { letters, counted, journal, studio } = storing;
    const { id, message } = await parkFilm(storing);
    studio.isOpen = false;
    const frames = Array.from({ length: count }, (_, index) => ({ '$dispatch:bigint': String(index) }));
    const edit = { headers: { tenant: 'acme' }, payload: { title: 'b', frames, failures: 0 } };
    expect(await letters.replay(id, { edit })).toMatchObject({ replayed: 1, errors: [] });
    await until('it to fail again', async () => (await letters.get(id)) !== undefined);
    await until('the payload before to be gone', () => counted.ids.size === kept);
    expect([...counted.ids]).not.toContain(message?.claim?.id);
    const again = await letters.get(id);
    expect(again?.message).toMatchObject({ headers: { tenant: 'acme' }, payload: { title: 'b', frames } });
    studio.isOpen = true;
    await letters.replay(id);
    await until('it to be handled', () => journal.entries.length === 5);
    await until('its payload to be gone', () => counted.ids.size === 0);
    expect(journal.entries.at(-1)).toBe('b 1');
  });

  it('takes its payload with it where it is discarded or purged', async () => {
    const storing = await startStoring(mode, store());
    const { letters, counted } = storing;
    await letters.discard((await parkFilm(storing)).id, { reason: 'nobody wants it' });
    await until('the payload to be gone', () => counted.ids.size === 0);
    await parkFilm(storing);
    expect(await letters.purge({ olderThanMs: 0, filter: { queue: storing.queue }, dryRun: true })).toMatchObject({
      matched: 1,
    });
    expect(counted.ids.size).toBe(1);
    await letters.purge({ olderThanMs: 0, filter: { queue: storing.queue } });
    await until('the payload to be gone too', () => counted.ids.size === 0);
  });

  it('says where its payload is gone, and can be replayed with another one', async () => {
    const storing = await startStoring(mode, store());
    const { letters, counted, journal } = storing;
    const { id } = await parkFilm(storing);
    for (const claim of counted.ids) await counted.remove(claim);
    const shown = await letters.get(id);
    expect(shown?.message?.claim).toMatchObject({ state: 'gone' });
    expect(shown?.message?.payload).toBeUndefined();
    await letters.replay(id, { edit: { payload: { title: 'c', frames: [], failures: 0 } } });
    await until('it to be handled', () => journal.entries.at(-1) === 'c 1');
  });

  it('is shown with its payload by the command line, which says where that is gone', async () => {
    const storing = await startStoring(mode, store());
    const { app, counted } = storing;
    const { id } = await parkFilm(storing);
    const show = async (...flags: string[]): Promise<string> => {
      const terminal = new RecordedTerminal();
      const start = () => Promise.resolve({ get: app.get.bind(app), close: () => Promise.resolve() });
      const args = ['--app', 'app.js', 'dead-letters', 'show', id, ...flags];
      expect(await runCommandLine(args, { terminal, start, signal: new AbortController().signal })).toBe(0);
      return terminal.output;
    };
    const { message } = JSON.parse(await show('--json')) as { message: { payload: unknown } };
    expect(framesOf(message.payload)).toHaveLength(FRAMES.length);
    expect(await show()).toContain('"title": "a"');
    for (const claim of counted.ids) await counted.remove(claim);
    expect(await show()).toContain('not shown: the store of "claimCheck" has it no more');
  });
});
