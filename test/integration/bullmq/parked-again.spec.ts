import { describe, expect, it } from '@jest/globals';

import { bullmq, bullmqPostgres } from '../../../lib/integrations/bullmq/index.js';
import { FAILURE } from '../../../lib/testing/queue-contract/bench.js';
import { entry, Instance, until } from './instance.js';

const redis = process.env['TEST_REDIS_URL'] ?? '';
const postgres = process.env['TEST_POSTGRES_URL'] ?? '';

describe.each([
  { name: 'Redis', factory: () => bullmq({ connection: redis }) },
  { name: 'Postgres', factory: () => bullmqPostgres({ connection: postgres, migrate: true }) },
])('an entry that is parked in BullMQ on $name without having reached a handler', ({ factory }) => {
  it('stays parked while its queue holds it, sent again', async () => {
    const instance = new Instance(factory());
    const { backend } = instance;
    await backend.open();
    const queue = await instance.queue();
    const sent = entry();
    await instance.store(queue, sent);
    const consumer = await instance.consume(queue, () => ({ action: 'park', place: 'unhandled', error: FAILURE }));
    await until(
      'it to be parked',
      async () => (await backend.readParked(queue.name, 'unhandled', sent.id)) !== undefined,
    );
    await until('it to be gone', async () => (await backend.counts(queue.name)).active === 0);
    await consumer.close();
    await instance.store(queue, { ...sent, delayMs: 60_000 });
    await expect(backend.replayParked(queue.name, 'unhandled', sent.id)).rejects.toMatchObject({
      code: 'DISPATCH_PARKED_ENTRY_BUSY',
      entryId: sent.id,
    });
    expect(await backend.readParked(queue.name, 'unhandled', sent.id)).toBeDefined();
    await instance.close();
  });
});
