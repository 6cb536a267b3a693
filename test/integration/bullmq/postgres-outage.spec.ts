import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { bullmqPostgres } from '../../../lib/integrations/bullmq/index.js';
import { listening } from '../../services/free-port.js';
import { startPostgres, type PostgresServer } from '../../services/postgres.js';
import { FreezableLink } from '../freezable-link.js';
import { duration, entry, Instance, recorder, until } from './instance.js';

const migrate = true;

describe('BullMQ on a Postgres that stops answering', () => {
  let postgres: PostgresServer;

  beforeEach(async () => {
    postgres = await startPostgres({ durable: true });
  });

  afterEach(() => postgres.stop());

  it('fails what is sent meanwhile, and goes on by itself once it is back', async () => {
    const factory = bullmqPostgres({ connection: postgres.url, migrate, commandTimeoutMs: 500 });
    const instance = new Instance(factory);
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 1, concurrency: 5 });
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await instance.enqueue(queue, entry({ replyTo: instance.instanceId }));
    await until('the first reply', () => instance.replies.size === 1);
    await postgres.kill('SIGQUIT');
    const failing = instance.enqueue(queue, entry());
    expect(await duration(failing)).toBeLessThan(2000);
    await expect(failing).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE' });
    await postgres.restart();
    await until('sending to work again', () =>
      instance.enqueue(queue, entry({ replyTo: instance.instanceId }), entry({ key: 'a' })).then(
        () => true,
        () => false,
      ),
    );
    await until(
      'deliveries from the queue and its lane',
      () => seen.some(({ key }) => key === 'a') && seen.length >= 3,
    );
    await until('the replies', () => instance.replies.size >= 2);
    // Dozens of failed attempts of several workers, told as a few errors.
    expect(instance.errors.length).toBeLessThan(40);
    await consumer.close();
    await instance.backend.close();
  });

  it('hands out what a worker left behind that died, as soon as it did before', async () => {
    const schema = 'dispatch';
    const instance = new Instance(bullmqPostgres({ connection: postgres.url, schema, migrate, commandTimeoutMs: 500 }));
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 0, concurrency: 1, lockMs: 1000 });
    const { seen, handle } = recorder();
    const consumer = await instance.backend.consume(queue, handle);
    await instance.enqueue(queue, entry());
    await until('the first delivery', () => seen.length === 1);
    await postgres.kill('SIGQUIT');
    // Longer than from one look for abandoned jobs to the next, of which nobody is told.
    await delay(600);
    await postgres.restart();
    await until('the server to be used', () =>
      instance.backend.pause(queue.name).then(
        () => true,
        () => false,
      ),
    );
    await instance.enqueue(queue, entry({ id: 'abandoned' }));
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(
      `UPDATE "${schema}".job SET state = 'active', lock_token = 'gone', locked_until_ms = 1 WHERE queue = $1 AND state = 'waiting'`,
      [queue.name],
    );
    await client.end();
    await instance.backend.resume(queue.name);
    // Twice the lock, and not five seconds from the look that failed.
    expect(await duration(until('it', () => seen.length === 2))).toBeLessThan(2000);
    await consumer.close();
    await instance.backend.close();
  });

  it('counts a server that says nothing any more as away, goes on when it does, and closes all the same', async () => {
    const link = new FreezableLink(postgres.port);
    const connection = `postgres://postgres@127.0.0.1:${await listening(link.server)}/postgres`;
    const instance = new Instance(bullmqPostgres({ connection, migrate, commandTimeoutMs: 300 }));
    await instance.backend.open();
    const queue = await instance.queue();
    const { seen, handle } = recorder();
    await instance.backend.consume(queue, handle);
    await instance.enqueue(queue, entry());
    await until('the delivery', () => seen.length === 1);
    link.freeze();
    const failing = instance.enqueue(queue, entry());
    expect(await duration(failing)).toBeLessThan(1500);
    await expect(failing).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE', mayBeStored: true });
    link.thaw();
    await until('sending to work again', () => instance.enqueue(queue, entry()).then(Boolean, () => false));
    await until('the next delivery', () => seen.length >= 2);
    link.freeze();
    expect(await duration(instance.backend.close())).toBeLessThan(5000);
    link.close();
  });
});
