import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { Dispatcher } from 'nestjs-dispatch';

import { PlaceOrder } from './messages.js';

@Controller('orders')
export class OrdersController {
  constructor(private readonly dispatcher: Dispatcher) {}

  /** Answers with what the handler returned, in whichever worker that was. */
  @Post()
  place(@Body() body: object) {
    const order = plainToInstance(PlaceOrder, body);
    return this.dispatcher.execute(order, { key: order.customer });
  }

  /** Answers when the queue has it. */
  @Post('later')
  @HttpCode(202)
  async placeLater(@Body() body: object) {
    const order = plainToInstance(PlaceOrder, body);
    const { id } = await this.dispatcher.send(order, { key: order.customer });
    return { receipt: id };
  }

  /** Any process can ask, also one that was started after the order was placed. */
  @Get('receipts/:receipt')
  async receipt(@Param('receipt') id: string) {
    return { status: await this.dispatcher.receipt(id).status() };
  }
}
