import { describe, expect, it } from '@jest/globals';
import { Command, type HandlerContext } from 'nestjs-dispatch';

import { rejectionOf, start } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';
import { commandHandler } from '../../dispatcher/handlers.js';

class PayOut extends Command<unknown> {}

/** Sends one message to a handler that does what the test says. */
async function handling(handle: (context: HandlerContext) => unknown) {
  const handler = commandHandler(PayOut, (_message, context) => handle(context));
  const { dispatcher } = await start({ providers: [handler] });
  return (id: string, timeoutMs = 0) => dispatcher.execute(new PayOut(), { id, timeoutMs });
}

describe('context.once()', () => {
  it('runs one effect at a time under one name: the second gets the result of the first', async () => {
    let count = 0;
    const effect = async () => (count += 1);
    const send = await handling((context) => Promise.all([context.once('x', effect), context.once('x', effect)]));
    expect(await send('m1')).toEqual([1, 1]);
  });

  it('is answered for the same message id in a later delivery, and not for another', async () => {
    let count = 0;
    const send = await handling((context) => context.once('x', () => (count += 1)));
    expect([await send('m1'), await send('m1'), await send('m2')]).toEqual([1, 1, 2]);
  });

  it('tells names apart, and refuses one that is empty', async () => {
    const send = await handling((context) => Promise.all(['a', 'b'].map((name) => context.once(name, () => name))));
    expect(await send('m1')).toEqual(['a', 'b']);
    const sendEmpty = await handling((context) => context.once('', () => 1));
    expect(await rejectionOf(sendEmpty('m1'))).toMatchObject({ code: 'DISPATCH_INVALID_IDEMPOTENCY_KEY' });
  });

  it('frees the name when its effect fails after the time limit of the handler, though that goes on', async () => {
    const [begun, failing, freed, later] = [deferred(), deferred(), deferred(), deferred()];
    const send = await handling(async (context) => {
      if (context.timeoutMs === 0) return context.once('x', () => 'done');
      const effect = () => {
        begun.resolve();
        return failing.promise;
      };
      await context.once('x', effect).catch(() => freed.resolve());
      return later.promise;
    });
    const first = rejectionOf(send('m1', 5));
    await begun.promise;
    expect(await first).toMatchObject({ code: 'DISPATCH_HANDLER_TIMEOUT' });
    failing.reject(new RangeError('no line'));
    await freed.promise;
    expect(await send('m1')).toBe('done');
    later.resolve();
  });
});
