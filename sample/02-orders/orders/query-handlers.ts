import { QueryHandler, type IQueryHandler } from 'nestjs-dispatch';

import { OrderRepository } from './order-repository.js';
import { GetOrder, GetSales } from './queries.js';
import { SalesReport } from './sales-report.js';

@QueryHandler(GetOrder)
export class GetOrderHandler implements IQueryHandler<GetOrder> {
  constructor(private readonly orders: OrderRepository) {}

  async execute({ orderId }: GetOrder) {
    const { customer, totalCents, status } = await this.orders.get(orderId);
    return { orderId, customer, totalCents, status };
  }
}

@QueryHandler(GetSales)
export class GetSalesHandler implements IQueryHandler<GetSales> {
  constructor(private readonly report: SalesReport) {}

  async execute() {
    return { ...this.report.sales };
  }
}
