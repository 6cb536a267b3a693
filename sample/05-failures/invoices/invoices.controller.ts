import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { Dispatcher } from 'nestjs-dispatch';

import { PayInvoice } from './messages.js';

@Controller('invoices')
export class InvoicesController {
  constructor(private readonly dispatcher: Dispatcher) {}

  /** Answers when it is paid, or has failed for the last time. */
  @Post()
  pay(@Body() body: object) {
    return this.dispatcher.execute(plainToInstance(PayInvoice, body));
  }

  /** Answers when the queue has it. */
  @Post('later')
  @HttpCode(202)
  async payLater(@Body() body: object) {
    const { id } = await this.dispatcher.send(plainToInstance(PayInvoice, body));
    return { receipt: id };
  }
}
