import {
  AggregateRepository,
  CommandHandler,
  ConcurrencyError,
  InjectAggregateRepository,
  Transactional,
} from 'nestjs-dispatch';

import { AddLine, PlaceOrder, type Changed } from './commands.js';
import { OrderNumbers } from './order-numbers.js';
import { Order } from './order.js';

/** The number and the event are there together, or neither is. */
@Transactional()
@CommandHandler(PlaceOrder)
export class PlaceOrderHandler {
  constructor(
    private readonly numbers: OrderNumbers,
    @InjectAggregateRepository(Order) private readonly orders: AggregateRepository<Order>,
  ) {}

  async execute({ customer, cents }: PlaceOrder): Promise<Changed> {
    const orderId = await this.numbers.next();
    return { orderId, ...(await this.orders.save(Order.place(orderId, customer, cents))) };
  }
}

@CommandHandler(AddLine)
export class AddLineHandler {
  constructor(@InjectAggregateRepository(Order) private readonly orders: AggregateRepository<Order>) {}

  async execute({ orderId, article, cents, version }: AddLine): Promise<Changed> {
    const add = (order: Order): void => {
      if (version !== undefined && order.version !== version) {
        throw new ConcurrencyError(`order-${orderId}`, version, order.version);
      }
      order.add(article, cents);
    };
    // Who has seen a version decides for that one; for anybody else the decision is made again on the state as it is then.
    const retryOnConflict = version === undefined ? 10 : 0;
    const { version: stored, position } = await this.orders.update(orderId, add, { retryOnConflict });
    return { orderId, version: stored, position };
  }
}
