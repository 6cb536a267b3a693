import { IsInt, IsNotEmpty, IsString } from 'class-validator';
import { Command, Message, Sensitive } from 'nestjs-dispatch';

/** Pays one invoice. */
@Message('invoices.pay')
export class PayInvoice extends Command<{ invoice: string; transfer: number }> {
  @IsString()
  @IsNotEmpty()
  readonly invoice: string = '';

  @IsInt()
  readonly cents: number = 0;

  /** Neither logs nor whoever looks at dead letters may see it. */
  @Sensitive()
  @IsString()
  readonly iban: string = '';
}
