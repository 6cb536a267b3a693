import { describe, expect, it } from '@jest/globals';
import { Command, DispatchModule, RunMode } from 'nestjs-dispatch';
import { bullmqPostgres } from 'nestjs-dispatch/bullmq';

import { newQueue } from '../e2e/run-modes/modes.js';
import { startModules } from '../unit/dispatcher/application.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Archive extends Command<string> {
  constructor(readonly name: string) {
    super();
  }
}

const connection = process.env['TEST_POSTGRES_URL'] ?? '';

/** The whole change that an application makes to leave Redis. */
function onPostgres(queue: string, role: 'send' | 'work') {
  const backend = bullmqPostgres({ connection, schema: 'test_modes', migrate: true });
  return DispatchModule.forRoot({ runMode: RunMode.Async, queue: backend, queues: { default: queue }, role });
}

// There, queues are made by the module itself, on Redis only.
describe("BullMQ's Postgres backend (nestjs/bull#2903)", () => {
  it('is an option of the module: one process sends, another one handles, and the result is found by the receipt', async () => {
    const queue = newQueue();
    const providers = [commandHandler(Archive, ({ name }) => `${name} archived`)];
    const sender = await startModules({ imports: [onPostgres(queue, 'send')], providers });
    const receipt = await sender.dispatcher.send(new Archive('2025'));
    const answer = sender.dispatcher.execute(new Archive('2026'));
    const worker = await startModules({ imports: [onPostgres(queue, 'work')], providers });
    expect(await answer).toBe('2026 archived');
    expect(await worker.dispatcher.receipt(receipt.id).result()).toBe('2025 archived');
  });
});
