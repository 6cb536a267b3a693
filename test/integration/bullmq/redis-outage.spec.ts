import { createServer, type Server } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { freePort } from '../../services/free-port.js';
import { startRedis, type RedisServer } from '../../services/redis.js';
import { duration, entry, Instance, recorder, until } from './instance.js';

describe('BullMQ on a Redis that is not there when the application starts', () => {
  it('stops the start with a clear error, in bounded time', async () => {
    const connection = { host: '127.0.0.1', port: await freePort() };
    const { backend } = new Instance({ connection, connectTimeoutMs: 300 });
    const opening = backend.open();
    expect(await duration(opening)).toBeLessThan(3000);
    await expect(opening).rejects.toMatchObject({
      code: 'DISPATCH_QUEUE_UNAVAILABLE',
      message: expect.stringContaining(`Redis at 127.0.0.1:${connection.port} does not answer`) as unknown,
      mayBeStored: false,
    });
    await backend.close();
  });

  it('does the same where something accepts the connection and says nothing', async () => {
    const silent = createServer();
    const port = await listening(silent);
    const { backend } = new Instance({ connection: `redis://user:secret@127.0.0.1:${port}`, connectTimeoutMs: 300 });
    const opening = backend.open();
    expect(await duration(opening)).toBeLessThan(3000);
    await expect(opening).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE' });
    await expect(opening).rejects.not.toThrow('secret');
    await backend.close();
    silent.close();
  });

  it('starts without it where it may wait, and works once it is there', async () => {
    const port = await freePort();
    const instance = new Instance({ connection: { port }, atBoot: 'wait', whenDown: 'wait' });
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 1 });
    const { seen, handle } = recorder();
    const consuming = instance.backend.consume(queue, handle);
    const sent = instance.send(queue, entry({ id: 'early' }));
    const redis = await startRedis({ port });
    try {
      await expect(sent).resolves.toEqual([{ status: 'stored', place: queue.name }]);
      await until('the delivery', () => seen.length === 1);
      await (await consuming).close();
      await instance.backend.close();
    } finally {
      await redis.stop();
    }
  });
});

describe('BullMQ on a Redis that stops answering', () => {
  let redis: RedisServer;

  beforeEach(async () => {
    redis = await startRedis({ appendonly: true });
  });

  afterEach(async () => {
    await redis.stop();
  });

  it('rejects what is sent while the server is gone, unstored, and goes on when it is back', async () => {
    const instance = new Instance({ connection: redis.url, commandTimeoutMs: 300 });
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 1, lockMs: 1000 });
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await instance.send(queue, entry({ id: 'before' }));
    await until('the first delivery', () => seen.length === 1);

    await redis.kill('SIGKILL');
    // Each connection notices by itself; what is asked over the one of the senders tells whether that one has.
    await until('the loss to be noticed by the senders', async () => {
      const [counted] = await Promise.allSettled([instance.backend.counts(queue.name)]);
      return counted.status === 'rejected' && Reflect.get(Object(counted.reason), 'mayBeStored') === false;
    });
    const lost = instance.send(queue, entry({ id: 'lost' }));
    expect(await duration(lost)).toBeLessThan(3000);
    await expect(lost).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE', mayBeStored: false });
    await expect(instance.backend.counts(queue.name)).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE' });

    await redis.restart();
    await until('sending to work again', async () => {
      const [sent] = await Promise.allSettled([instance.send(queue, entry({ id: 'after' }))]);
      return sent.status === 'fulfilled';
    });
    await until('the delivery after the outage', () => seen.length === 2);
    expect(seen.map(({ id }) => id)).toEqual(['before', 'after']);
    await consumer.close();
    await instance.backend.close();
  });

  it('rejects what a hanging server was sent, as perhaps stored, and goes on when it goes on', async () => {
    const instance = new Instance({ connection: redis.url, commandTimeoutMs: 300 });
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 0 });
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await instance.send(queue, entry({ id: 'before' }));
    await until('the first delivery', () => seen.length === 1);

    await redis.kill('SIGSTOP');
    const hanging = instance.send(queue, entry({ id: 'hanging' }));
    expect(await duration(hanging)).toBeLessThan(3000);
    await expect(hanging).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE', mayBeStored: true });

    await redis.kill('SIGCONT');
    await until('what was perhaps stored', () => seen.some(({ id }) => id === 'hanging'));
    await expect(instance.send(queue, entry())).resolves.toMatchObject([{ status: 'stored' }]);
    await consumer.close();
    await instance.backend.close();
  });

  it('keeps what is sent until the server is back, where it may wait', async () => {
    const instance = new Instance({ connection: redis.url, whenDown: 'wait' });
    await instance.backend.open();
    const queue = await instance.queue();
    await redis.kill('SIGKILL');
    await until('the loss to be noticed', () => instance.errors.length > 0);
    const sent = instance.send(queue, entry(), entry());
    await redis.restart();
    await expect(sent).resolves.toMatchObject([{ status: 'stored' }, { status: 'stored' }]);
    await instance.backend.close();
  });

  it('settles and replies after an outage what was handled during it', async () => {
    const instance = new Instance({ connection: redis.url });
    await instance.backend.open();
    const queue = await instance.queue({ lockMs: 30_000 });
    let finish: (() => void) | undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const deliveries: number[] = [];
    const consumer = await instance.backend.consume(queue, async ({ attempt }) => {
      deliveries.push(attempt);
      await finished;
      return { action: 'complete', result: 'done' };
    });
    await instance.send(queue, entry({ id: 'slow', replyTo: instance.instanceId }));
    await until('the handler to run', () => deliveries.length === 1);
    await redis.kill('SIGKILL');
    await until('the loss to be noticed', () => instance.errors.length > 0);
    finish?.();
    await redis.restart();
    await until('the reply', () => instance.replies.has('slow'));
    expect(instance.replies.get('slow')).toEqual({ status: 'completed', result: 'done' });
    expect(deliveries).toEqual([1]);
    await expect(instance.backend.read(queue.name, 'slow')).resolves.toMatchObject({ state: 'completed' });
    await consumer.close();
    await instance.backend.close();
  });

  it('tells an error of the connection about once a second, however many workers meet it', async () => {
    const instance = new Instance({ connection: redis.url, commandTimeoutMs: 300 });
    await instance.backend.open();
    for (let index = 0; index < 3; index += 1)
      await instance.backend.consume(await instance.queue(), recorder().handle);
    const from = Date.now();
    await redis.kill('SIGKILL');
    await until('the loss to be noticed', () => instance.errors.length > 1);
    await until('two seconds', () => Date.now() - from > 2000);
    const seconds = (Date.now() - from) / 1000;
    const refused = instance.errors.filter(
      (event) => event.type === 'error' && event.error.message.includes('ECONNREFUSED'),
    );
    expect(refused.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    expect(refused.every((event) => event.queue === undefined)).toBe(true);
    // Nobody has to wait for a server that is gone, neither to close consumers nor to close the backend.
    expect(await duration(instance.backend.close())).toBeLessThan(3000);
  });
});

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
