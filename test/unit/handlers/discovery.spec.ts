import { describe, expect, it } from '@jest/globals';
import { Controller, Global, Inject, Injectable, Module, type OnModuleInit, type Provider } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Command, CommandHandler, Dispatcher, DispatchModule, Event, EventsHandler, Query } from 'nestjs-dispatch';

import { rejectionOf, start, startModules } from '../dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class Ping extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}

describe('a module loaded lazily', () => {
  it('with a mistake is logged, and the application goes on with the first handler', async () => {
    @Module({ providers: [commandHandler(Ping, () => 'second'), queryHandler(GetOrder, () => 'order')] })
    class LazyModule {}
    const { app, dispatcher, log } = await start({
      providers: [commandHandler(Ping, () => 'first')],
    });
    await app.get(LazyModuleLoader).load(() => LazyModule);
    expect(await dispatcher.execute(new Ping())).toBe('first');
    expect(await dispatcher.query(new GetOrder())).toBe('order');
    const errors = log.lines.filter((line) => line.startsWith('error'));
    expect(errors).toEqual([expect.stringContaining('PingHandler (LazyModule) both handle the command Ping')]);
  });

  it('brings handlers of commands, queries and events, also for events published before', async () => {
    const seen: string[] = [];
    @Module({
      providers: [
        commandHandler(Ping, () => 'pong'),
        queryHandler(GetOrder, () => 'order'),
        eventHandler(OrderPlaced, () => seen.push('lazy')),
      ],
    })
    class LazyModule {}
    const { app, dispatcher } = await start({
      providers: [eventHandler(OrderPlaced, () => seen.push('eager'))],
    });
    await dispatcher.publish(new OrderPlaced());
    await expect(dispatcher.execute(new Ping())).rejects.toMatchObject({ code: 'DISPATCH_HANDLER_NOT_FOUND' });
    await app.get(LazyModuleLoader).load(() => LazyModule);
    await dispatcher.publish(new OrderPlaced());
    expect([await dispatcher.execute(new Ping()), await dispatcher.query(new GetOrder())]).toEqual(['pong', 'order']);
    expect(seen).toEqual(['eager', 'eager', 'lazy']);
  });
});

describe('a message sent from onModuleInit', () => {
  /** In a global module registered first, so that its hook may run before that of the dispatch module. */
  @Injectable()
  class Warmup implements OnModuleInit {
    answer: string | undefined;

    constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

    async onModuleInit(): Promise<void> {
      this.answer = await this.dispatcher.execute<string>(new Ping());
    }
  }

  @Global()
  @Module({ providers: [Warmup] })
  class EarlyModule {}

  const startWarm = (providers: Provider[]) =>
    startModules({ imports: [EarlyModule, DispatchModule.forRoot()], providers });

  it('does not hide the mistakes of the wiring', async () => {
    const providers = [1, 2].map((number) => commandHandler(Ping, () => String(number)));
    expect(await rejectionOf(startWarm(providers))).toMatchObject({
      code: 'DISPATCH_WIRING',
      mistakes: [{ rule: 'duplicate-handler' }],
    });
  });

  it('is handled', async () => {
    const { app } = await startWarm([commandHandler(Ping, () => 'pong')]);
    expect(app.get(Warmup, { strict: false }).answer).toBe('pong');
  });
});

describe('a handler', () => {
  @Injectable()
  class Clock {
    now = (): string => 'noon';
  }

  @CommandHandler(Ping)
  class PingHandler {
    constructor(@Inject(Clock) private readonly clock: Clock) {}

    execute(): string {
      return this.clock.now();
    }
  }

  it.each<[string, Provider]>([
    ['useClass', { provide: 'handler', useClass: PingHandler }],
    ['useFactory', { provide: 'handler', inject: [Clock], useFactory: (clock: Clock) => new PingHandler(clock) }],
    [
      'an asynchronous useFactory',
      { provide: 'handler', inject: [Clock], useFactory: async (clock: Clock) => new PingHandler(clock) },
    ],
    ['useValue', { provide: Symbol('handler'), useValue: new PingHandler(new Clock()) }],
    ['useValue under its own class', { provide: PingHandler, useValue: { execute: () => 'noon' } }],
  ])('is found when it is provided by %s', async (_way, provider) => {
    const { dispatcher } = await start({ providers: [Clock, provider] });
    expect(await dispatcher.execute(new Ping())).toBe('noon');
  });

  it('is found once when useExisting gives it a second name', async () => {
    const { dispatcher } = await start({
      providers: [Clock, PingHandler, { provide: 'alias', useExisting: PingHandler }],
    });
    expect(await dispatcher.execute(new Ping())).toBe('noon');
  });

  it('is found when it is a controller', async () => {
    @Controller()
    @CommandHandler(Ping)
    class PingController {
      execute = (): string => 'controller';
    }
    const { dispatcher } = await start({ controllers: [PingController] });
    expect(await dispatcher.execute(new Ping())).toBe('controller');
  });

  it('is replaced by what a test overrides it with', async () => {
    const testing = await Test.createTestingModule({
      imports: [DispatchModule.forRoot()],
      providers: [Clock, PingHandler],
    })
      .overrideProvider(PingHandler)
      .useValue({ execute: () => 'mocked' })
      .compile();
    const app = await testing.init();
    expect(await app.get(Dispatcher).execute(new Ping())).toBe('mocked');
    await app.close();
  });

  it('is not inherited: a subclass of a handler class is no handler', async () => {
    class SpecialPingHandler extends PingHandler {}
    const { dispatcher } = await start({ providers: [Clock, PingHandler, SpecialPingHandler] });
    expect(await dispatcher.execute(new Ping())).toBe('noon');
  });
});

describe('a module that several others import', () => {
  it('has each of its handlers called once', async () => {
    const seen: string[] = [];
    @EventsHandler(OrderPlaced)
    class Listener {
      handle(): void {
        seen.push('handled');
      }
    }
    @Module({ providers: [Listener, commandHandler(Ping, () => 'pong')], exports: [Listener] })
    class SharedModule {}
    @Module({ imports: [SharedModule] })
    class LeftModule {}
    @Module({ imports: [SharedModule] })
    class RightModule {}
    const { dispatcher } = await start({ imports: [LeftModule, RightModule, SharedModule] });
    await dispatcher.publish(new OrderPlaced());
    expect(await dispatcher.execute(new Ping())).toBe('pong');
    expect(seen).toEqual(['handled']);
  });
});
