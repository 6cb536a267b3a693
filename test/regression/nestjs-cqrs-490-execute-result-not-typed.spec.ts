import { describe, expect, it } from '@jest/globals';
import {
  Command,
  CommandBus,
  CommandHandler,
  Dispatcher,
  Query,
  QueryBus,
  QueryHandler,
  type CommandResult,
  type ICommandHandler,
  type QueryResult,
} from 'nestjs-dispatch';

import { start } from './application.js';

class PlaceOrder extends Command<{ orderId: string }> {}
class TouchOrder extends Command {}
class CountOrders extends Query<number> {}

@CommandHandler(PlaceOrder)
class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
  async execute(_command: PlaceOrder) {
    return { orderId: '1' };
  }
}

@CommandHandler(TouchOrder)
class TouchOrderHandler {
  async execute(_command: TouchOrder) {}
}

@QueryHandler(CountOrders)
class CountOrdersHandler {
  async execute(_query: CountOrders) {
    return 3;
  }
}

class HandlerOfWrongType {
  async execute(_command: PlaceOrder) {
    return { orderId: 1 };
  }
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Does nothing; the compiler refuses a call whose types are not the same. */
function sameType<A, B>(_isSame: Same<A, B>): void {}

describe('the result of execute (nestjs/cqrs#490, #167, #614, #1204, #1863, #1527)', () => {
  it('has the type and the value that the message class promises, whichever door it went through', async () => {
    const app = await start([PlaceOrderHandler, TouchOrderHandler, CountOrdersHandler]);
    const placed = await app.get(CommandBus).execute(new PlaceOrder());
    const sent = await app.get(Dispatcher).execute(new PlaceOrder());
    const touched = await app.get(CommandBus).execute(new TouchOrder());
    const counted = await app.get(QueryBus).execute(new CountOrders());
    const asked = await app.get(Dispatcher).query(new CountOrders());
    sameType<typeof placed, { orderId: string }>(true);
    sameType<typeof sent, { orderId: string }>(true);
    sameType<typeof touched, void>(true);
    sameType<typeof counted, number>(true);
    sameType<typeof asked, number>(true);
    expect([placed, sent, touched, counted, asked]).toEqual([{ orderId: '1' }, { orderId: '1' }, undefined, 3, 3]);
    await app.close();
  });

  it('keeps a handler of another type from compiling', () => {
    // @ts-expect-error the handler returns another type than the command promises
    CommandHandler(PlaceOrder)(HandlerOfWrongType);
    // @ts-expect-error the same, as the class would say it itself
    const typed: ICommandHandler<PlaceOrder> = new HandlerOfWrongType();
    expect(typed).toBeInstanceOf(HandlerOfWrongType);
  });

  it('can be named from the message class, and is not just any type', () => {
    sameType<CommandResult<PlaceOrder>, { orderId: string }>(true);
    sameType<QueryResult<CountOrders>, number>(true);
    sameType<CommandResult<PlaceOrder>, { orderId: number }>(false);
    // @ts-expect-error shows that the compiler refuses what is not the same
    sameType<CommandResult<PlaceOrder>, unknown>(true);
    expect(new PlaceOrder()).toBeInstanceOf(Command);
  });
});
