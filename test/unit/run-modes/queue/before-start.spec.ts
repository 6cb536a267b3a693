import { describe, expect, it } from '@jest/globals';
import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Command, Dispatcher, type DispatchOptions } from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../fake-backend.js';
import { startQueued } from '../queued-application.js';

class Warm extends Command<string> {}

const warming = commandHandler(Warm, () => 'warm');
const WORKS_LATER = /This application works on the queue "default" once every onModuleInit has ended: wait for it in/;

/** Waits for a queued command while the application is made, or once it is. */
function waitingIn(hook: 'onModuleInit' | 'onApplicationBootstrap', timeoutMs: number) {
  const answers: string[] = [];
  @Injectable()
  class Waiting implements OnModuleInit, OnApplicationBootstrap {
    constructor(private readonly dispatcher: Dispatcher) {}

    async onModuleInit(): Promise<void> {
      if (hook === 'onModuleInit') await this.wait();
    }

    async onApplicationBootstrap(): Promise<void> {
      if (hook === 'onApplicationBootstrap') await this.wait();
    }

    private async wait(): Promise<void> {
      answers.push(await this.dispatcher.execute(new Warm(), { id: 'm1', timeoutMs }));
    }
  }
  return { Waiting, answers };
}

describe('a queued command that is waited for before the application has started', () => {
  it('fails in onModuleInit with why there is no reply, and what to do', async () => {
    const { Waiting } = waitingIn('onModuleInit', 20);
    const error = await rejectionOf(startQueued({ providers: [warming, Waiting] }));
    expect(error).toMatchObject({ code: 'DISPATCH_REPLY_TIMEOUT', receiptId: 'm1@default', timeoutMs: 20 });
    expect((error as Error).message).toMatch(WORKS_LATER);
  });

  it.each<[string, DispatchOptions]>([
    ['it only sends', { role: 'send' }],
    ['it leaves the queue to others', { queues: { except: ['default'] } }],
  ])('fails as any other in a process that does not work on the queue: %s', async (_what, options) => {
    const { Waiting } = waitingIn('onModuleInit', 20);
    const queue = new FakeBackend().factory;
    const error = await rejectionOf(startQueued({ options: { ...options, queue }, providers: [warming, Waiting] }));
    expect(error).toMatchObject({ code: 'DISPATCH_REPLY_TIMEOUT' });
    expect((error as Error).message).toMatch(/Ask again with dispatcher\.receipt\('m1@default'\), or raise timeoutMs/);
  });

  it('is answered in onApplicationBootstrap, and where nobody holds up the start for it', async () => {
    const { Waiting, answers } = waitingIn('onApplicationBootstrap', 5000);
    const unawaited: Promise<string>[] = [];
    @Injectable()
    class Sending implements OnModuleInit {
      constructor(private readonly dispatcher: Dispatcher) {}

      onModuleInit(): void {
        unawaited.push(this.dispatcher.execute(new Warm(), { timeoutMs: 5000 }));
      }
    }
    await startQueued({ providers: [warming, Waiting, Sending] });
    expect(answers).toEqual(['warm']);
    expect(await Promise.all(unawaited)).toEqual(['warm']);
  });

  it('fails as any other once the application has started', async () => {
    const { dispatcher } = await startQueued({
      options: { queue: new FakeBackend().factory },
      providers: [warming],
    });
    const error = await rejectionOf(dispatcher.execute(new Warm(), { timeoutMs: 20 }));
    expect((error as Error).message).toMatch(/within 20 ms; it may still be handled\. Ask again with/);
  });
});
