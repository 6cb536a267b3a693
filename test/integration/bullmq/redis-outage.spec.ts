import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { startRedis, type RedisServer } from '../../services/redis.js';
import { duration, entry, Instance, recorder, until } from './instance.js';

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
    await instance.enqueue(queue, entry({ id: 'before' }));
    await until('the first delivery', () => seen.length === 1);

    await redis.kill('SIGKILL');
    // Each connection notices by itself; what is asked over the one of the senders tells whether that one has.
    await until('the loss to be noticed by the senders', async () => {
      const [counted] = await Promise.allSettled([instance.backend.counts(queue.name)]);
      return counted.status === 'rejected' && Reflect.get(Object(counted.reason), 'mayBeStored') === false;
    });
    const lost = instance.enqueue(queue, entry({ id: 'lost' }));
    expect(await duration(lost)).toBeLessThan(3000);
    await expect(lost).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE', mayBeStored: false });
    await expect(instance.backend.counts(queue.name)).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE' });

    await redis.restart();
    await until('sending to work again', async () => {
      const [sent] = await Promise.allSettled([instance.enqueue(queue, entry({ id: 'after' }))]);
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
    await instance.enqueue(queue, entry({ id: 'before' }));
    await until('the first delivery', () => seen.length === 1);

    await redis.kill('SIGSTOP');
    const hanging = instance.enqueue(queue, entry({ id: 'hanging' }));
    expect(await duration(hanging)).toBeLessThan(3000);
    await expect(hanging).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE', mayBeStored: true });

    await redis.kill('SIGCONT');
    await until('what was perhaps stored', () => seen.some(({ id }) => id === 'hanging'));
    await expect(instance.enqueue(queue, entry())).resolves.toMatchObject([{ status: 'stored' }]);
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
