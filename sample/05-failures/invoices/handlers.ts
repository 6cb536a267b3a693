import { CommandHandler, Idempotent, type HandlerContext, type ICommandHandler } from 'nestjs-dispatch';

import { Bank } from '../bank.js';
import { PayInvoice } from './messages.js';

/** An invoice is paid once, however often the message comes: by a retry, by a replay, or since somebody sent it twice. */
@Idempotent({ key: ({ invoice }: PayInvoice) => invoice })
@CommandHandler(PayInvoice)
export class PayInvoiceHandler implements ICommandHandler<PayInvoice> {
  constructor(private readonly bank: Bank) {}

  async execute({ invoice, cents, iban }: PayInvoice, context: HandlerContext) {
    return { invoice, transfer: await this.bank.transfer({ cents, iban, reference: context.idempotencyKey }) };
  }
}
