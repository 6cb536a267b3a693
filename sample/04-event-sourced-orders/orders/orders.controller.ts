import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { Dispatcher } from 'nestjs-dispatch';

import { GetSummaries } from '../summaries/queries.js';
import { AddLine, PlaceOrder } from './commands.js';

@Controller('orders')
export class OrdersController {
  constructor(private readonly dispatcher: Dispatcher) {}

  @Post()
  place(@Body() body: object) {
    return this.dispatcher.execute(plainToInstance(PlaceOrder, body));
  }

  @Post(':orderId/lines')
  @HttpCode(200)
  addLine(@Param('orderId') orderId: string, @Body() body: object, @Headers('if-match') version?: string) {
    const seen = version === undefined ? {} : { version: Number(version) };
    return this.dispatcher.execute(plainToInstance(AddLine, { ...body, orderId, ...seen }));
  }

  /** `?after=7` waits until what is at that position can be seen. */
  @Get()
  summaries(@Query('after') after = '0') {
    return this.dispatcher.query(new GetSummaries(Number(after)));
  }
}
