import { describe, expect, it } from '@jest/globals';
import { Command, type QueueBackendFactory } from 'nestjs-dispatch';

import { rejectionOf } from '../unit/dispatcher/application.js';
import { SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Compute extends Command<string> {
  constructor(readonly isBroken: boolean) {
    super();
  }
}

/** The same backend, of which no reply ever arrives: the connection was away when each was told. */
function deaf({ name, create }: QueueBackendFactory): QueueBackendFactory {
  return { name, create: (host) => create({ ...host, replied: () => undefined }) };
}

// There, waitUntilFinished() waits for an event: where that is lost, the caller waits for ever.
describe.each(SHARED_MODES)('a caller whose reply is lost, $name (taskforcesh/bullmq#2517)', (mode) => {
  it('gets the result, or the error, all the same: it is read from the queue', async () => {
    const compute = commandHandler(Compute, ({ isBroken }) => {
      if (isBroken) throw new RangeError('broken');
      return 'computed';
    });
    const { dispatcher } = await startIn({ ...mode, queue: () => deaf(mode.queue()) }, { providers: [compute] });
    const failure = rejectionOf(dispatcher.execute(new Compute(true)));
    expect(await dispatcher.execute(new Compute(false))).toBe('computed');
    expect(await failure).toMatchObject({ name: 'RangeError', message: 'broken' });
  });

  it('waits no longer than it is to, and can ask again later', async () => {
    const { dispatcher } = await startIn(mode, {
      providers: [commandHandler(Compute, () => 'never')],
      options: { role: 'send' },
    });
    const error = await rejectionOf(dispatcher.execute(new Compute(false), { timeoutMs: 100 }));
    expect(error).toMatchObject({ code: 'DISPATCH_REPLY_TIMEOUT' });
    const receiptId = String(Reflect.get(Object(error), 'receiptId'));
    expect(await dispatcher.receipt(receiptId).status()).toBe('waiting');
  });
});
