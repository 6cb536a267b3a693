import { setTimeout } from 'node:timers/promises';

import {
  CommandHandler,
  EventsHandler,
  type HandlerContext,
  type ICommandHandler,
  type IEventHandler,
} from 'nestjs-dispatch';

import { Effects } from '../effects.js';
import { OrderPlaced, PlaceOrder } from './messages.js';

/** What each handler pretends to be busy for. */
const WORK_MS = 5;

/** To name a queue is all it takes to run in a worker. */
@CommandHandler(PlaceOrder, { queue: 'orders' })
export class PlaceOrderHandler implements ICommandHandler<PlaceOrder> {
  constructor(private readonly effects: Effects) {}

  async execute({ customer, number }: PlaceOrder, context: HandlerContext) {
    await setTimeout(WORK_MS);
    this.effects.note({ what: 'placed', customer, number });
    // With an id of its own, the event of a command that is handled again is the same event: the queues know it already.
    await context.publish(new OrderPlaced(customer, number), { id: context.idempotencyKey });
    return { order: `${customer}-${number}`, attempt: context.attempt };
  }
}

/** Two handlers of one event are two entries in their queues: each is tried again, and fails, alone. */
@EventsHandler(OrderPlaced, { queue: 'stock' })
export class ReserveStock implements IEventHandler<OrderPlaced> {
  constructor(private readonly effects: Effects) {}

  async handle({ customer, number }: OrderPlaced): Promise<void> {
    await setTimeout(WORK_MS);
    this.effects.note({ what: 'reserved', customer, number });
  }
}

@EventsHandler(OrderPlaced, { queue: 'mail' })
export class MailConfirmation implements IEventHandler<OrderPlaced> {
  constructor(private readonly effects: Effects) {}

  async handle({ customer, number }: OrderPlaced): Promise<void> {
    await setTimeout(WORK_MS);
    this.effects.note({ what: 'confirmed', customer, number });
  }
}
