import { Body, Controller, Get, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { Dispatcher } from 'nestjs-dispatch';

import { PayOrder, PlaceOrder } from './commands.js';
import { GetOrder, GetSales } from './queries.js';

@Controller('orders')
export class OrdersController {
  constructor(private readonly dispatcher: Dispatcher) {}

  @Post()
  place(@Body() body: object, @Headers('x-user') user: string) {
    return this.dispatcher.execute(plainToInstance(PlaceOrder, body), { headers: { user } });
  }

  @Post(':orderId/payment')
  @HttpCode(200)
  pay(@Param('orderId') orderId: string, @Headers('x-user') user: string) {
    return this.dispatcher.execute(new PayOrder(orderId), { headers: { user } });
  }

  @Get('sales')
  sales() {
    return this.dispatcher.query(new GetSales());
  }

  @Get(':orderId')
  order(@Param('orderId') orderId: string) {
    return this.dispatcher.query(new GetOrder(orderId));
  }
}
