import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Global, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { Command, HandlerTimeoutError } from 'nestjs-dispatch';

import { rejectionOf, start } from '../dispatcher/application.js';
import { deferred } from '../dispatcher/deferred.js';
import { commandHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command {}

describe('close()', () => {
  it('waits for a handler whose caller has been told that it timed out', async () => {
    const work = deferred();
    const steps: string[] = [];
    const handler = commandHandler(PlaceOrder, () => work.promise.then(() => steps.push('handled')));
    const { app, dispatcher } = await start({ providers: [handler] });
    expect(await rejectionOf(dispatcher.execute(new PlaceOrder(), { timeoutMs: 1 }))).toBeInstanceOf(
      HandlerTimeoutError,
    );
    const closed = app.close().then(() => steps.push('closed'));
    await setImmediate();
    work.resolve();
    await closed;
    expect(steps).toEqual(['handled', 'closed']);
  });

  it('lets handlers finish before a global module closes the connection they use', async () => {
    const work = deferred();
    const steps: string[] = [];
    @Injectable()
    class Connection implements OnModuleDestroy {
      onModuleDestroy() {
        steps.push('disconnected');
      }
    }
    @Global()
    @Module({ providers: [Connection], exports: [Connection] })
    class DatabaseModule {}
    const handler = commandHandler(PlaceOrder, () => work.promise.then(() => steps.push('handled')));
    const { app, dispatcher } = await start({ imports: [DatabaseModule], providers: [handler] });
    const executed = dispatcher.execute(new PlaceOrder());
    const closed = app.close();
    await setImmediate();
    work.resolve();
    await Promise.all([executed, closed]);
    expect(steps).toEqual(['handled', 'disconnected']);
  });
});
