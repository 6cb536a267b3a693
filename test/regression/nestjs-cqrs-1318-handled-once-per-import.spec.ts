import { describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { CqrsModule, DispatchModule, EventBus, EventsHandler, ofType, Saga } from 'nestjs-dispatch';
import { map, type Observable } from 'rxjs';

import { start } from './application.js';

class Placed {}

const seen: string[] = [];

@EventsHandler(Placed)
class Listener {
  handle() {
    seen.push('handler');
  }
}

class CountingSaga {
  @Saga()
  count(events$: Observable<object>): Observable<undefined> {
    return events$.pipe(
      ofType(Placed),
      map(() => void seen.push('saga')),
    );
  }
}

@Module({
  imports: [CqrsModule, DispatchModule.forFeature()],
  providers: [Listener, CountingSaga],
  exports: [Listener],
})
class OrdersModule {}

@Module({ imports: [CqrsModule, OrdersModule] })
class LeftModule {}

@Module({ imports: [DispatchModule, DispatchModule.forFeature(), OrdersModule] })
class RightModule {}

describe('an event, where modules are imported many times (nestjs/cqrs#1318, #449, nestjs/nest#8314)', () => {
  it.each([
    ['with forRoot', [DispatchModule.forRoot(), LeftModule, RightModule, OrdersModule]],
    ['without forRoot', [LeftModule, RightModule, OrdersModule]],
    ['with forRoot behind the features', [LeftModule, RightModule, CqrsModule.forRoot()]],
  ])('is handled once, %s', async (_how, imports) => {
    seen.length = 0;
    const app = await start([], { imports });
    await app.get(EventBus).publish(new Placed());
    expect(seen).toEqual(['handler', 'saga']);
    await app.close();
  });

  it('is handled once by a provider that has an alias', async () => {
    seen.length = 0;
    const app = await start([Listener, { provide: 'alias', useExisting: Listener }]);
    await app.get(EventBus).publish(new Placed());
    expect(seen).toEqual(['handler']);
    await app.close();
  });
});
