import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

import { afterEach, describe, expect, it } from '@jest/globals';
import { inMemoryEventStore, ProjectionStartedNotification } from 'nestjs-dispatch';
import { postgresCheckpoints } from 'nestjs-dispatch/postgres';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { deferred } from '../../unit/dispatcher/deferred.js';
import { all } from '../../unit/event-store/shop.js';
import { collect, until } from '../../unit/run-modes/queued-application.js';
import { FreezableLink } from '../freezable-link.js';
import { freshSchema, SHARED } from './fresh-schema.js';
import { add, rowsOf, startTables, upTo, type ProjectedTables, type TablesSetup } from './projected-tables.js';

const started: ProjectedTables[] = [];
const links: FreezableLink[] = [];

afterEach(async () => {
  for (const link of links.splice(0)) link.close();
  await Promise.all(
    started.splice(0).map(async ({ app, pool }) => {
      await app.close();
      await pool.end();
    }),
  );
});

async function start(setup: TablesSetup): Promise<ProjectedTables> {
  const tables = await startTables(setup);
  started.push(tables);
  return tables;
}

async function linkTo(url: string): Promise<{ link: FreezableLink; url: string }> {
  const link = new FreezableLink(Number(new URL(url).port));
  links.push(link);
  link.server.listen(0, '127.0.0.1');
  await once(link.server, 'listening');
  const through = new URL(url);
  through.port = String((link.server.address() as AddressInfo).port);
  return { link, url: through.href };
}

describe('a projection on Postgres', () => {
  it('is written by one of two processes, and by the other one when that ends', async () => {
    const { schema, pool } = freshSchema();
    const store = inMemoryEventStore();
    const by: string[] = [];
    const first = await start({ schema, store, onEvent: () => by.push('first') });
    await first.projections.whenCaughtUp('rows', await add(first, 1, 2));
    const second = await start({ schema, store, onEvent: () => by.push('second') });
    await second.projections.whenCaughtUp('rows', await add(second, 3));
    expect(by).toEqual(['first', 'first', 'first']);
    await first.app.close();
    await second.projections.whenCaughtUp('rows', await add(second, 4));
    expect(by.at(-1)).toBe('second');
    expect(await rowsOf(pool, schema)).toEqual([1, 2, 3, 4]);
  });

  it('is taken over from a process that is cut off within a batch, of which nothing is written', async () => {
    const { schema, pool } = freshSchema();
    const store = inMemoryEventStore();
    const [begun, free] = [deferred(), deferred()];
    const { link, url } = await linkTo(SHARED);
    const checkpoints = { idleInTransactionMs: 1000, commandTimeoutMs: 3000 };
    const first = await start({
      ...{ schema, store, checkpoints, url },
      onEvent: async ({ quantity }) => {
        if (quantity !== 2) return;
        begun.resolve();
        await free.promise;
      },
    });
    const position = await add(first, 1, 2, 3);
    await begun.promise;
    link.freeze();
    const second = await start({ schema, store, checkpoints });
    await second.projections.whenCaughtUp('rows', position, { timeoutMs: 20_000 });
    link.thaw();
    free.resolve();
    await second.projections.whenCaughtUp('rows', await add(second, 4), { timeoutMs: 20_000 });
    expect(await rowsOf(pool, schema)).toEqual([1, 2, 3, 4]);
  });

  it('stays with its owner within a batch that takes longer than the lease', async () => {
    const { schema, pool } = freshSchema();
    const store = inMemoryEventStore();
    const by: string[] = [];
    const setup = (name: string): TablesSetup => ({
      ...{ schema, store },
      onEvent: async (_event, { client }) => {
        by.push(name);
        await client.query('SELECT pg_sleep(0.5)');
      },
    });
    const first = await start(setup('first'));
    const position = await add(first, 1, 2, 3);
    await until('the first event', () => by.length > 0);
    const second = await start(setup('second'));
    await second.projections.whenCaughtUp('rows', position, { timeoutMs: 20_000 });
    expect(by).toEqual(['first', 'first', 'first']);
    expect(await rowsOf(pool, schema)).toEqual([1, 2, 3]);
  });

  it('is taken over in bounded time where the network to its owner carries nothing any more', async () => {
    const { schema, pool } = freshSchema();
    const store = inMemoryEventStore();
    const { link, url } = await linkTo(SHARED);
    const checkpoints = { idleInTransactionMs: 1000, commandTimeoutMs: 500 };
    const first = await start({ schema, store, url, checkpoints });
    await first.projections.whenCaughtUp('rows', await add(first, 1));
    const second = await start({ schema, store, checkpoints });
    const told = collect(second, ProjectionStartedNotification);
    link.freeze();
    const position = await add(second, 2, 3);
    await second.projections.whenCaughtUp('rows', position, { timeoutMs: 20_000 });
    await until('the notification', () => told.length === 1);
    link.thaw();
    await second.projections.whenCaughtUp('rows', await add(second, 4), { timeoutMs: 20_000 });
    expect(await rowsOf(pool, schema)).toEqual([1, 2, 3, 4]);
  });

  it('writes nothing twice where two processes hand it back and forth under load', async () => {
    const { schema, pool } = freshSchema();
    const store = inMemoryEventStore();
    const first = await start({ schema, store, projection: { batchSize: 3 } });
    let position = await add(first, ...upTo(100));
    let current = first;
    for (let count = 1; count <= 3; count++) {
      const next = await start({ schema, store, projection: { batchSize: 3 } });
      position = await add(current, ...upTo(50).map((quantity) => quantity + 50 + count * 50));
      await current.app.close();
      current = next;
    }
    await current.projections.whenCaughtUp('rows', position, { timeoutMs: 20_000 });
    expect(await rowsOf(pool, schema)).toEqual(upTo(250));
  });

  it('is rebuilt by one process while another one writes it, each event new to one of the two', async () => {
    const { schema, pool } = freshSchema();
    const store = inMemoryEventStore();
    const first = await start({ schema, store, projection: { batchSize: 10 } });
    await first.projections.whenCaughtUp('rows', await add(first, ...upTo(200)), { timeoutMs: 20_000 });
    const second = await start({ schema, store, projection: { batchSize: 10 } });
    const over = new AbortController();
    const quantities = upTo(200);
    const writing = (async () => {
      while (!over.signal.aborted) {
        quantities.push(quantities.length + 1);
        await add(first, quantities.length);
        await setTimeout(2);
      }
    })();
    expect(await second.projections.rebuild('rows')).toMatchObject({ target: 'green' });
    over.abort();
    await writing;
    const position = await add(first, (quantities.push(quantities.length + 1), quantities.length));
    await second.projections.whenCaughtUp('rows', position, { timeoutMs: 20_000 });
    expect(await rowsOf(pool, schema, 'green')).toEqual(quantities);
    expect(await rejectionOf(rowsOf(pool, schema, 'blue'))).toMatchObject({ code: '42P01' });
  });

  it('leaves the old table as it is where a rebuild fails', async () => {
    const { schema, pool } = freshSchema();
    const tables = await start({
      schema,
      projection: { retries: 0 },
      onEvent: ({ quantity }, { replay }) => {
        if (replay && quantity === 2) throw new Error('not again');
      },
    });
    await tables.projections.whenCaughtUp('rows', await add(tables, 1, 2, 3));
    expect(await rejectionOf(tables.projections.rebuild('rows'))).toMatchObject({
      code: 'DISPATCH_PROJECTION_STOPPED',
    });
    expect(await rowsOf(pool, schema)).toEqual([1, 2, 3]);
    expect(await rejectionOf(rowsOf(pool, schema, 'green'))).toMatchObject({ code: '42P01' });
  });

  it('parks an event whose statement fails, with the rest of its batch written', async () => {
    const { schema, pool } = freshSchema();
    const tables = await start({
      schema,
      projection: { retries: 0, onFailure: 'parkEvent' },
      onEvent: ({ quantity }, { client }) => (quantity === 2 ? client.query('SELECT 1 / 0') : undefined),
    });
    await tables.projections.whenCaughtUp('rows', await add(tables, 1, 2, 3));
    expect(await rowsOf(pool, schema)).toEqual([1, 3]);
    const parked = await all(tables.projections.parked('rows'));
    expect(parked).toMatchObject([{ stream: 'order-1', version: 2, error: 'division by zero' }]);
  });

  it('refuses options that cannot be', () => {
    expect(() => postgresCheckpoints({ idleInTransactionMs: 10, colour: 1 } as never)).toThrow(
      /postgresCheckpoints\(\) has the unknown option "colour".*; has idleInTransactionMs 10/,
    );
  });
});
