import { createServer } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { bullmq, bullmqPostgres, type AvailabilityOptions } from '../../../lib/integrations/bullmq/index.js';
import { freePort, listening } from '../../services/free-port.js';
import { startPostgres } from '../../services/postgres.js';
import { startRedis } from '../../services/redis.js';
import type { RunningServer } from '../../services/server-process.js';
import { duration, entry, Instance, recorder, until } from './instance.js';

type Address = string | { readonly host: string; readonly port: number };

/** What both stores do alike when their server is away. */
const STORES = [
  {
    name: 'Redis',
    urlOf: (port: number, user = '') => `redis://${user}127.0.0.1:${port}`,
    make: (connection: Address, options: AvailabilityOptions) => new Instance(bullmq({ connection, ...options })),
    start: (port?: number) => startRedis({ appendonly: true, ...(port !== undefined && { port }) }),
    crash: (server: RunningServer) => server.kill('SIGKILL'),
  },
  {
    name: 'Postgres',
    urlOf: (port: number, user = 'postgres@') => `postgres://${user}127.0.0.1:${port}/postgres`,
    make: (connection: Address, options: AvailabilityOptions) =>
      new Instance(bullmqPostgres({ connection, migrate: true, ...options })),
    start: (port?: number) => startPostgres({ durable: true, ...(port !== undefined && { port }) }),
    crash: (server: RunningServer) => server.kill('SIGQUIT'),
  },
];

describe.each(STORES)('BullMQ on a $name that is not there when the application starts', (store) => {
  it('stops the start with a clear error, in bounded time', async () => {
    const port = await freePort();
    const { backend } = store.make(store.urlOf(port, 'user:secret@'), { connectTimeoutMs: 300 });
    const opening = backend.open();
    expect(await duration(opening)).toBeLessThan(3000);
    await expect(opening).rejects.toMatchObject({
      code: 'DISPATCH_QUEUE_UNAVAILABLE',
      message: expect.stringContaining(`${store.name} at 127.0.0.1:${port} does not answer`) as unknown,
      mayBeStored: false,
    });
    await expect(opening).rejects.not.toThrow('secret');
    await backend.close();
  });

  it('does the same where something accepts the connection and says nothing', async () => {
    const silent = createServer();
    const port = await listening(silent);
    const { backend } = store.make({ host: '127.0.0.1', port }, { connectTimeoutMs: 300 });
    const opening = backend.open();
    expect(await duration(opening)).toBeLessThan(3000);
    await expect(opening).rejects.toMatchObject({
      code: 'DISPATCH_QUEUE_UNAVAILABLE',
      message: expect.stringContaining(`${store.name} at 127.0.0.1:${port} does not answer`) as unknown,
    });
    await backend.close();
    silent.close();
  });

  it('starts without it where it may wait, and works once it is there', async () => {
    const port = await freePort();
    const instance = store.make(store.urlOf(port), { atBoot: 'wait', whenDown: 'wait' });
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 1 });
    const { seen, handle } = recorder();
    const consuming = instance.backend.consume(queue, handle);
    const sent = instance.enqueue(queue, entry({ id: 'early' }));
    const server = await store.start(port);
    try {
      await expect(sent).resolves.toEqual([{ status: 'stored', place: queue.name }]);
      await until('the delivery', () => seen.length === 1);
      await (await consuming).close();
      await instance.backend.close();
    } finally {
      await server.stop();
    }
  });
});

describe.each(STORES)('BullMQ on a $name that stops answering', (store) => {
  let server: RunningServer;

  beforeEach(async () => {
    server = await store.start();
  });

  afterEach(() => server.stop());

  it('keeps what is sent until the server is back, where it may wait', async () => {
    const instance = store.make(server.url, { whenDown: 'wait' });
    await instance.backend.open();
    const queue = await instance.queue();
    await store.crash(server);
    await until('the loss to be noticed', () => instance.errors.length > 0);
    const sent = instance.enqueue(queue, entry(), entry());
    await server.restart();
    await expect(sent).resolves.toMatchObject([{ status: 'stored' }, { status: 'stored' }]);
    expect(await instance.backend.counts(queue.name)).toMatchObject({ waiting: 2 });
    await instance.backend.close();
  });

  it('settles and replies after the outage what was handled during it, and does not handle it again', async () => {
    const instance = store.make(server.url, {});
    await instance.backend.open();
    const queue = await instance.queue();
    const attempts: number[] = [];
    let finish: (() => void) | undefined;
    const consumer = await instance.backend.consume(queue, async ({ attempt }) => {
      attempts.push(attempt);
      await new Promise<void>((resolve) => (finish = resolve));
      return { action: 'complete', result: 'done' };
    });
    await instance.enqueue(queue, entry({ id: 'slow', replyTo: instance.instanceId }));
    await until('the handler to run', () => finish !== undefined);
    await store.crash(server);
    await until('the loss to be noticed', () => instance.errors.length > 0);
    finish?.();
    await server.restart();
    await until('the reply', () => instance.replies.has('slow'));
    expect(instance.replies.get('slow')).toEqual({ status: 'completed', result: 'done' });
    await expect(instance.backend.read(queue.name, 'slow')).resolves.toMatchObject({ state: 'completed' });
    expect(attempts).toEqual([1]);
    await consumer.close();
    await instance.backend.close();
  });
});
