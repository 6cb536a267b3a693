import { EventsHandler, type IEventHandler } from 'nestjs-dispatch';

import { Journal } from '../journal.js';
import { OrderPaid, OrderPlaced, OrderShipped } from './events.js';
import { SalesReport } from './sales-report.js';

/** Fails always. The handlers beside it, the command that placed the order and its caller do not notice. */
@EventsHandler(OrderPlaced)
export class MailConfirmation implements IEventHandler<OrderPlaced> {
  constructor(private readonly journal: Journal) {}

  async handle({ customer }: OrderPlaced): Promise<void> {
    this.journal.write(`mail to ${customer}`);
    throw new Error('the mail server does not answer');
  }
}

/** One class for several events. */
@EventsHandler(OrderPlaced, OrderPaid, OrderShipped)
export class UpdateSalesReport implements IEventHandler<OrderPlaced | OrderPaid | OrderShipped> {
  constructor(
    private readonly report: SalesReport,
    private readonly journal: Journal,
  ) {}

  handle(event: OrderPlaced | OrderPaid | OrderShipped): void {
    this.journal.write(`sales report counts ${event.constructor.name} of ${event.orderId}`);
    if (event instanceof OrderPlaced) this.report.sales.placed += 1;
    if (event instanceof OrderShipped) this.report.sales.shipped += 1;
    if (event instanceof OrderPaid) {
      this.report.sales.paid += 1;
      this.report.sales.revenueCents += event.totalCents;
    }
  }
}
