import { IsInt, IsNotEmpty, IsOptional, IsString, Min } from 'class-validator';
import { Command, Message } from 'nestjs-dispatch';

/** What a change came to: where its last event is. */
export interface Changed {
  readonly orderId: string;
  readonly version: number;
  /** Where that is among all events: what a reader has to wait for that wants to see it. */
  readonly position: number;
}

@Message('orders.place')
export class PlaceOrder extends Command<Changed> {
  @IsString()
  @IsNotEmpty()
  readonly customer: string = '';

  @IsInt()
  @Min(1)
  readonly cents: number = 0;
}

@Message('orders.add-line')
export class AddLine extends Command<Changed> {
  @IsString()
  readonly orderId: string = '';

  @IsString()
  @IsNotEmpty()
  readonly article: string = '';

  @IsInt()
  @Min(1)
  readonly cents: number = 0;

  /** The version that its sender has seen; whatever there is where it is left out. */
  @IsOptional()
  @IsInt()
  readonly version?: number;
}
