import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventStore } from 'nestjs-dispatch';
import { postgresEventStore, type PostgresTransaction } from 'nestjs-dispatch/postgres';

import { listening } from '../../../services/free-port.js';
import { startPostgres, type PostgresServer } from '../../../services/postgres.js';
import { rejectionOf } from '../../../unit/dispatcher/application.js';
import { duration } from '../../bullmq/instance.js';
import { FreezableLink } from '../../freezable-link.js';
import { append, events, names } from './event-bench.js';

const PAGE = { from: 1, to: 9, direction: 'forwards', limit: 9 } as const;

let postgres: PostgresServer;
let store: EventStore<PostgresTransaction>;

beforeEach(async () => {
  postgres = await startPostgres({ durable: true });
  store = postgresEventStore({ connection: postgres.url, migrate: true, commandTimeoutMs: 20_000 });
  await store.open?.();
});

afterEach(async () => {
  await store.close?.();
  await postgres.stop();
});

describe('a Postgres that is killed in the middle of appends', () => {
  it('fails those that were under way, has none of them by half, and takes the next ones', async () => {
    const list = Array.from({ length: 200 }, (_, index) => `order-${index}`);
    const appends = list.map((stream) => store.append(stream, events('a', 'b', 'c'), { expectedVersion: 'none' }));
    const outcomes = Promise.allSettled(appends);
    await appends[0];
    await postgres.kill('SIGQUIT');
    await postgres.restart();
    const settled = await outcomes;
    const reasons = settled.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    for (const reason of reasons) expect(reason).toMatchObject({ code: 'DISPATCH_POSTGRES_UNAVAILABLE' });
    for (const [index, { status }] of settled.entries()) {
      const { length } = await store.readStreamPage(list[index] ?? '', PAGE);
      // What has failed may have happened: as a whole, or not at all.
      expect(status === 'fulfilled' ? [3] : [0, 3]).toContain(length);
    }
    const last = await append(store, 'next', undefined, 'none');
    expect((await names(store)).at(-1)).toBe('next');
    expect(last.version).toBe(1);
  });

  it('is waited for by those that come while it is away', async () => {
    await append(store, 'before');
    await postgres.kill('SIGQUIT');
    const late = append(store, 'late');
    await postgres.restart();
    expect(await late).toMatchObject({ version: 1 });
    expect(await names(store)).toEqual(['before', 'late']);
  });
});

describe('a Postgres whose answer does not come', () => {
  it('fails the append in time with what is not known of it, does not repeat it, and takes the next one', async () => {
    const link = new FreezableLink(postgres.port);
    const connection = `postgres://postgres@127.0.0.1:${await listening(link.server)}/postgres`;
    const behind = postgresEventStore({ connection, commandTimeoutMs: 300 });
    await append(behind, 'first');
    link.freeze();
    const failing = rejectionOf(append(behind, 'lost'));
    expect(await duration(failing)).toBeLessThan(2000);
    expect(await failing).toMatchObject({ code: 'DISPATCH_POSTGRES_UNAVAILABLE', timeoutMs: 300 });
    link.thaw();
    expect(await append(behind, 'next')).toMatchObject({ version: 1 });
    expect((await names(store)).filter((name) => name === 'lost').length).toBeLessThanOrEqual(1);
    await behind.close?.();
    link.close();
  });

  it('fails in the same time those that wait behind it, however many, and takes the next one', async () => {
    const link = new FreezableLink(postgres.port);
    const connection = `postgres://postgres@127.0.0.1:${await listening(link.server)}/postgres`;
    const behind = postgresEventStore({ connection, commandTimeoutMs: 500 });
    await append(behind, 'first');
    link.freeze();
    const appends = Array.from({ length: 20 }, () => append(behind, 'lost'));
    const failing = Promise.allSettled(appends);
    expect(await duration(failing)).toBeLessThan(2000);
    for (const outcome of await failing) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'DISPATCH_POSTGRES_UNAVAILABLE' } });
    }
    link.thaw();
    expect(await append(behind, 'next')).toMatchObject({ version: 1 });
    await behind.close?.();
    link.close();
  });
});
