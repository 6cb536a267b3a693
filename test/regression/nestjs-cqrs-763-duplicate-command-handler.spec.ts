import { describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { CommandBus, CommandHandler, DispatchModule, QueryBus, QueryHandler } from 'nestjs-dispatch';

import { rejectionOf, start } from './application.js';

class Place {}
class Find {}

@CommandHandler(Place)
class PlaceHandler {
  async execute(_command: Place) {
    return 'first';
  }
}

@CommandHandler(Place)
class PlaceHandlerCopy {
  async execute(_command: Place) {
    return 'copy';
  }
}

@CommandHandler(Place, { override: true })
class BetterPlaceHandler {
  async execute(_command: Place) {
    return 'better';
  }
}

@QueryHandler(Find)
class FindHandler {
  async execute(_query: Find) {
    return 'found';
  }
}

@QueryHandler(Find)
class FindHandlerCopy {
  async execute(_query: Find) {
    return 'copy';
  }
}

@Module({ providers: [PlaceHandler, FindHandler] })
class OrdersModule {}

@Module({ providers: [PlaceHandlerCopy, FindHandlerCopy] })
class LegacyModule {}

describe('two handlers of one command or query (nestjs/cqrs#763, nestjs/nest#8205)', () => {
  it('keep the application from starting, all of them named with their modules in one error', async () => {
    const error = await rejectionOf(start([], { imports: [DispatchModule.forRoot(), OrdersModule, LegacyModule] }));
    expect(error).toMatchObject({
      code: 'DISPATCH_WIRING',
      mistakes: [{ rule: 'duplicate-handler' }, { rule: 'duplicate-handler' }],
    });
    const { message } = error as Error;
    expect(message).toMatch(/PlaceHandler \(OrdersModule\) and PlaceHandlerCopy \(LegacyModule\).*command Place/);
    expect(message).toMatch(/FindHandler \(OrdersModule\) and FindHandlerCopy \(LegacyModule\).*query Find/);
  });

  it.each([
    ['before', [BetterPlaceHandler, PlaceHandler]],
    ['after', [PlaceHandler, BetterPlaceHandler]],
  ])('are allowed where one says that it replaces the other, registered %s it', async (_order, providers) => {
    const app = await start([...providers, FindHandler]);
    expect(await app.get(CommandBus).execute(new Place())).toBe('better');
    expect(await app.get(QueryBus).execute(new Find())).toBe('found');
    await app.close();
  });
});
