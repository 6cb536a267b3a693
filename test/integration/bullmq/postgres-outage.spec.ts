import { connect, createServer, type Server, type Socket } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { bullmqPostgres } from '../../../lib/integrations/bullmq/index.js';
import { freePort } from '../../services/free-port.js';
import { startPostgres, type PostgresServer } from '../../services/postgres.js';
import { duration, entry, Instance, recorder, until } from './instance.js';

const migrate = true;

describe('BullMQ on a Postgres that is not there when the application starts', () => {
  it('stops the start with a clear error, in bounded time', async () => {
    const port = await freePort();
    const { backend } = new Instance(
      bullmqPostgres({ connection: `postgres://user:secret@127.0.0.1:${port}/d`, connectTimeoutMs: 300 }),
    );
    const opening = backend.open();
    expect(await duration(opening)).toBeLessThan(3000);
    await expect(opening).rejects.toMatchObject({
      code: 'DISPATCH_QUEUE_UNAVAILABLE',
      message: expect.stringContaining(`Postgres at 127.0.0.1:${port} does not answer`) as unknown,
    });
    await expect(opening).rejects.not.toThrow('secret');
    await backend.close();
  });

  it('does the same where something accepts the connection and says nothing', async () => {
    const silent = createServer();
    const port = await listening(silent);
    const { backend } = new Instance(
      bullmqPostgres({ connection: { host: '127.0.0.1', port }, connectTimeoutMs: 300 }),
    );
    const opening = backend.open();
    expect(await duration(opening)).toBeLessThan(3000);
    await expect(opening).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE' });
    await backend.close();
    silent.close();
  });

  it('starts without it where it may wait, and works once it is there', async () => {
    const port = await freePort();
    const connection = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const instance = new Instance(bullmqPostgres({ connection, migrate, atBoot: 'wait', whenDown: 'wait' }));
    await instance.backend.open();
    const queue = await instance.queue({ lanes: 1 });
    const { seen, handle } = recorder();
    const consuming = instance.backend.consume(queue, handle);
    const sent = instance.send(queue, entry({ id: 'early' }));
    const postgres = await startPostgres({ port });
    try {
      await expect(sent).resolves.toEqual([{ status: 'stored', place: queue.name }]);
      await until('the delivery', () => seen.length === 1);
      await (await consuming).close();
      await instance.backend.close();
    } finally {
      await postgres.stop();
    }
  });
});

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
    await instance.send(queue, entry({ replyTo: instance.instanceId }));
    await until('the first reply', () => instance.replies.size === 1);
    await postgres.kill('SIGQUIT');
    const failing = instance.send(queue, entry());
    expect(await duration(failing)).toBeLessThan(2000);
    await expect(failing).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE' });
    await postgres.restart();
    await until('sending to work again', () =>
      instance.send(queue, entry({ replyTo: instance.instanceId }), entry({ key: 'a' })).then(
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

  it('keeps what is sent meanwhile where it may wait', async () => {
    const instance = new Instance(bullmqPostgres({ connection: postgres.url, migrate, whenDown: 'wait' }));
    await instance.backend.open();
    const queue = await instance.queue();
    await postgres.kill('SIGQUIT');
    const sent = instance.send(queue, entry({ id: 'kept' }), entry({ id: 'kept too' }));
    await postgres.restart();
    await expect(sent).resolves.toHaveLength(2);
    expect(await instance.backend.counts(queue.name)).toMatchObject({ waiting: 2 });
    await instance.backend.close();
  });

  it('settles what was handled while it was away, and does not handle it again', async () => {
    const instance = new Instance(bullmqPostgres({ connection: postgres.url, migrate }));
    await instance.backend.open();
    const queue = await instance.queue();
    let handledCount = 0;
    let finish: (() => void) | undefined;
    const consumer = await instance.backend.consume(queue, async () => {
      handledCount++;
      await new Promise<void>((resolve) => (finish = resolve));
      return { action: 'complete', result: 1 };
    });
    const sent = entry();
    await instance.send(queue, sent);
    await until('the handler to run', () => finish !== undefined);
    await postgres.kill('SIGQUIT');
    finish?.();
    await postgres.restart();
    await until('the end', async () => {
      const read = await instance.backend.read(queue.name, sent.id).catch(() => undefined);
      return read?.state === 'completed';
    });
    expect(handledCount).toBe(1);
    await consumer.close();
    await instance.backend.close();
  });

  it('counts a server that says nothing any more as away, goes on when it does, and closes all the same', async () => {
    const link = new Link(postgres.port);
    const connection = `postgres://postgres@127.0.0.1:${await listening(link.server)}/postgres`;
    const instance = new Instance(bullmqPostgres({ connection, migrate, commandTimeoutMs: 300 }));
    await instance.backend.open();
    const queue = await instance.queue();
    const { seen, handle } = recorder();
    await instance.backend.consume(queue, handle);
    await instance.send(queue, entry());
    await until('the delivery', () => seen.length === 1);
    link.freeze();
    const failing = instance.send(queue, entry());
    expect(await duration(failing)).toBeLessThan(1500);
    await expect(failing).rejects.toMatchObject({ code: 'DISPATCH_QUEUE_UNAVAILABLE', mayBeStored: true });
    link.thaw();
    await until('sending to work again', () => instance.send(queue, entry()).then(Boolean, () => false));
    await until('the next delivery', () => seen.length >= 2);
    link.freeze();
    expect(await duration(instance.backend.close())).toBeLessThan(5000);
    link.close();
  });
});

/** A way to a server that can stop carrying anything without breaking. */
class Link {
  readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isFrozen = false;

  constructor(port: number) {
    this.server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => (this.sockets.delete(socket), near.destroy(), far.destroy()));
        if (this.isFrozen) socket.pause();
      }
      near.on('data', (data) => far.write(data));
      far.on('data', (data) => near.write(data));
      if (this.isFrozen) this.freeze();
    });
  }

  freeze(): void {
    this.isFrozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  thaw(): void {
    this.isFrozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
