import { describe, expect, it } from '@jest/globals';
import { Command, QueueUnavailableError, type QueueBackendFactory } from 'nestjs-dispatch';

import { QUEUED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { rejectionOf } from '../unit/dispatcher/application.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Ship extends Command<string> {}

/** The same backend, whose store is away for the first sends. */
function failing({ name, create }: QueueBackendFactory, count: number): QueueBackendFactory {
  let left = count;
  return {
    name,
    create: (host) => {
      const backend = create(host);
      const enqueue = backend.enqueue.bind(backend);
      backend.enqueue = (queue, entries) => {
        left -= 1;
        if (left < 0) return enqueue(queue, entries);
        return Promise.reject(new QueueUnavailableError('sending a message', 'The store of this test'));
      };
      return backend;
    },
  };
}

// There, nothing lets a test have the dispatch of a message fail.
describe.each(QUEUED_MODES)('a test that has the dispatch of messages fail, $name (NServiceBus#6511)', (mode) => {
  it('needs a queue backend around another one: who sends is told, and the same message can be sent again', async () => {
    const { dispatcher } = await startIn(
      { ...mode, queue: () => failing(mode.queue(), 2) },
      { providers: [commandHandler(Ship, () => 'shipped')] },
    );
    const errors = [
      await rejectionOf(dispatcher.send(new Ship(), { id: 'm1' })),
      await rejectionOf(dispatcher.execute(new Ship(), { id: 'm1' })),
    ];
    expect(errors).toMatchObject([{ code: 'DISPATCH_QUEUE_UNAVAILABLE' }, { code: 'DISPATCH_QUEUE_UNAVAILABLE' }]);
    expect(await dispatcher.execute(new Ship(), { id: 'm1' })).toBe('shipped');
  });
});
