import { IsInt, IsNotEmpty, IsString, Min } from 'class-validator';
import { Command, Event, Message } from 'nestjs-dispatch';

/** The n-th order of a customer. */
@Message('shop.place-order')
export class PlaceOrder extends Command<{ order: string; attempt: number }> {
  @IsString()
  @IsNotEmpty()
  readonly customer: string = '';

  @IsInt()
  @Min(1)
  readonly number: number = 0;
}

@Message('shop.order-placed')
export class OrderPlaced extends Event {
  constructor(
    readonly customer: string,
    readonly number: number,
  ) {
    super();
  }
}
