import { Type } from 'class-transformer';
import { ArrayNotEmpty, IsInt, IsNotEmpty, IsString, Min, ValidateNested } from 'class-validator';
import { Command, Message } from 'nestjs-dispatch';

/** One article of an order. */
export class OrderLine {
  @IsString()
  @IsNotEmpty()
  readonly article: string = '';

  @IsInt()
  @Min(1)
  readonly quantity: number = 0;

  @IsInt()
  @Min(0)
  readonly priceCents: number = 0;
}

/** Comes from outside, so its fields have rules: a `PlaceOrder` that breaks one never reaches its handler. */
@Message('orders.place')
export class PlaceOrder extends Command<{ orderId: string }> {
  @IsString()
  @IsNotEmpty()
  readonly customer: string = '';

  @ArrayNotEmpty()
  @ValidateNested({ each: true })
  @Type(() => OrderLine)
  readonly lines: readonly OrderLine[] = [];
}

@Message('orders.pay')
export class PayOrder extends Command<{ paidCents: number }> {
  constructor(readonly orderId: string) {
    super();
  }
}

/** Sent by the shipping saga only. */
@Message('orders.ship')
export class ShipOrder extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}
