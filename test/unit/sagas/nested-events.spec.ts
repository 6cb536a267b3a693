import { describe, expect, it } from '@jest/globals';
import { Command, Event, ofType, Saga, type HandlerContext } from 'nestjs-dispatch';
import { mergeMap, type Observable } from 'rxjs';

import { rejectionOf, start } from '../dispatcher/application.js';
import { commandHandler } from '../dispatcher/handlers.js';

class OrderPlaced extends Event {}
class StockReserved extends Event {}
class ReserveStock extends Command {}
class ChargeCard extends Command {}

class OrderSaga {
  @Saga()
  onPlaced(events$: Observable<object>): Observable<object> {
    return events$.pipe(
      ofType(OrderPlaced),
      mergeMap(() => [new ReserveStock(), new ChargeCard()]),
    );
  }
}

describe('a saga whose first command publishes an event in its own turn', () => {
  it.each(['ambient', 'explicit'] as const)(
    'sends the second one because of the first event as well, with context: %s',
    async (context) => {
      const causes: (string | undefined)[] = [];
      const charge = (_command: ChargeCard, { causationId }: HandlerContext) => {
        causes.push(causationId);
        throw new RangeError('no credit');
      };
      const { dispatcher } = await start({
        options: { context },
        providers: [
          OrderSaga,
          commandHandler(ReserveStock, (_command, handling) => handling.publish(new StockReserved())),
          commandHandler(ChargeCard, charge),
        ],
      });
      const reserving = dispatcher.publishAndWait(new OrderPlaced(), { id: 'the order', await: 'sagas' });
      expect(await rejectionOf(reserving)).toMatchObject({ errors: [new RangeError('no credit')] });
      expect(causes).toEqual(['the order']);
    },
  );
});
