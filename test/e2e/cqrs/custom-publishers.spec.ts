import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import {
  CommandBus,
  CommandHandler,
  CqrsModule,
  EventBus,
  EventsHandler,
  QueryBus,
  QueryHandler,
} from 'nestjs-dispatch';

import { ErrorLog, rejectionOf, settle, start } from '../../regression/application.js';

class Ping {}

@CommandHandler(Ping)
class PingCommandHandler {
  async execute(_command: Ping) {
    return 'pong';
  }
}

@QueryHandler(Ping)
class PingQueryHandler {
  async execute(_query: Ping) {
    return 'pong';
  }
}

@EventsHandler(Ping)
class BrokenListener {
  handle() {
    throw new Error('broken');
  }
}

const providers = [PingCommandHandler, PingQueryHandler, BrokenListener];
const rejecting = { publish: () => Promise.reject(new Error('no connection')) };
const throwing = {
  publish: () => {
    throw new Error('no connection');
  },
};

describe('a custom publisher that fails', () => {
  it('rejects the command or query that it was told of, where it throws, and the bus goes on without it', async () => {
    const app = await start(providers);
    for (const bus of [app.get(CommandBus), app.get(QueryBus)]) {
      bus.publisher = throwing;
      await expect(bus.execute(new Ping())).rejects.toThrow('no connection');
      bus.publisher = undefined;
      expect(await bus.execute(new Ping())).toBe('pong');
    }
    await app.close();
  });

  it('is logged where its promise rejects, and the command or query is handled', async () => {
    const logger = new ErrorLog();
    const app = await start(providers, { logger });
    for (const bus of [app.get(CommandBus), app.get(QueryBus)]) {
      bus.publisher = rejecting;
      expect(await bus.execute(new Ping())).toBe('pong');
    }
    await settle();
    expect(logger.errors.map(([line]) => line)).toEqual(Array(2).fill('A custom publisher has failed.'));
    await app.close();
  });

  it.each([
    ['throws', throwing],
    ['rejects', rejecting],
  ])(
    'rejects publish where it takes events and %s, and is logged for those who do not wait',
    async (_how, publisher) => {
      const logger = new ErrorLog();
      const app = await start(providers, { imports: [CqrsModule.forRoot({ eventPublisher: publisher })], logger });
      void app.get(EventBus).publish(new Ping());
      await settle();
      expect(logger.errors.map(([line]) => line)).toEqual(['The custom publisher has failed.']);
      await expect(app.get(EventBus).publishAll([new Ping()])).rejects.toThrow('no connection');
      await app.close();
    },
  );

  it.each([
    ['throws', throwing],
    ['rejects', rejecting],
  ])('is logged where it takes failures and %s', async (_how, unhandledExceptionPublisher) => {
    const logger = new ErrorLog();
    const app = await start(providers, { imports: [CqrsModule.forRoot({ unhandledExceptionPublisher })], logger });
    await app.get(EventBus).publish(new Ping());
    await settle();
    expect(logger.errors.map(([line]) => line)).toEqual([
      expect.stringContaining('BrokenListener failed'),
      expect.stringContaining('The custom publisher has thrown: '),
    ]);
    await app.close();
  });
});

describe('options of @nestjs/cqrs that have no counterpart', () => {
  it('keep the application from starting where they are eventIdProvider', async () => {
    const options: object = { eventIdProvider: { getEventId: () => 'id' } };
    const error = await rejectionOf(start([], { imports: [CqrsModule.forRoot(options)] }));
    expect(error).toMatchObject({ code: 'DISPATCH_WIRING', mistakes: [{ rule: 'invalid-options' }] });
    expect((error as Error).message).toContain('eventIdProvider');
  });

  it.each([
    ['forRoot', () => CqrsModule.forRoot({ rethrowUnhandled: true })],
    ['forRootAsync', () => CqrsModule.forRootAsync({ useFactory: () => ({ rethrowUnhandled: true }) })],
  ])('have no effect but a warning where they are rethrowUnhandled, given to %s', async (_method, root) => {
    const warnings: unknown[] = [];
    const logger = Object.assign(new ErrorLog(), { warn: (line: unknown) => warnings.push(line) });
    // The logger must be in place when forRoot() is called, as it is where the application names one first.
    await (await NestFactory.createApplicationContext(CqrsModule, { logger })).close();
    const app = await start([BrokenListener], { imports: [root()], logger });
    expect(warnings).toEqual([expect.stringContaining('"rethrowUnhandled" has no effect')]);
    await app.get(EventBus).publish(new Ping());
    await settle();
    await app.close();
  });
});
