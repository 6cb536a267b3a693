import { Inject, Injectable } from '@nestjs/common';
import { IsInt, IsPositive } from 'class-validator';
import { Type } from 'class-transformer';
import {
  Command,
  CommandHandler,
  DispatchError,
  Event,
  EventsHandler,
  Message,
  Query,
  QueryHandler,
  type HandlerContext,
} from 'nestjs-dispatch';

/** What the handlers of one application did. */
@Injectable()
export class Journal {
  readonly entries: string[] = [];

  note(...entries: readonly unknown[]): void {
    this.entries.push(entries.join(' '));
  }
}

/** Has in its fields what JSON has no word for. */
@Message('orders.place', { version: 2 })
export class PlaceOrder extends Command<PlacedOrder> {
  constructor(
    readonly orderId: string,
    readonly dueAt: Date,
    readonly totalCents: bigint,
    readonly lines: ReadonlyMap<string, number>,
  ) {
    super();
  }

  isDueBefore(moment: Date): boolean {
    return this.dueAt < moment;
  }
}

/** What the caller gets: as much that JSON has no word for. */
export interface PlacedOrder {
  readonly orderId: string;
  readonly seen: readonly unknown[];
  readonly placedAt: Date;
  readonly totalCents: bigint;
  readonly stock: ReadonlyMap<string, Date>;
  readonly tags: ReadonlySet<string>;
  readonly digest: Uint8Array;
  readonly note: null;
}

@CommandHandler(PlaceOrder)
export class PlaceOrderHandler {
  execute(order: PlaceOrder): PlacedOrder {
    const { orderId, dueAt, totalCents, lines } = order;
    return {
      orderId,
      seen: [order instanceof PlaceOrder, order.isDueBefore(new Date(1)), dueAt, lines.get('tea')],
      placedAt: new Date(dueAt.getTime() + 1),
      totalCents: totalCents + 1n,
      stock: new Map([['tea', dueAt]]),
      tags: new Set(['new']),
      digest: new Uint8Array([1, 2]),
      note: null,
    };
  }
}

/** A part of a message that is a class of its own. */
export class Amount {
  @IsInt()
  @IsPositive()
  readonly cents!: number;

  toString(): string {
    return `${this.cents / 100} EUR`;
  }
}

/** Is made and checked by class-transformer and class-validator. */
@Message('orders.pay')
export class PayOrder extends Command<string> {
  @IsInt()
  readonly orderId!: number;

  @Type(() => Amount)
  readonly amount!: Amount;

  static of(orderId: number, cents: number): PayOrder {
    return Object.assign(new PayOrder(), { orderId, amount: Object.assign(new Amount(), { cents }) });
  }
}

@CommandHandler(PayOrder)
export class PayOrderHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  execute({ orderId, amount }: PayOrder): string {
    this.journal.note('pay', orderId);
    return `${orderId} for ${String(amount)}`;
  }
}

/** Does nothing, and says nothing. */
export class Ping extends Command {}

@CommandHandler(Ping)
export class PingHandler {
  execute(): void {}
}

/** How a handler can fail. */
export type Flaw = 'plain' | 'coded' | 'ours' | 'foreign';

/** An error as applications write them. */
export class OutOfStockError extends Error {
  override readonly name = 'OutOfStockError';
  readonly code = 'OUT_OF_STOCK';
}

/** An error in the manner of this package. */
export class ClosedForStocktakingError extends DispatchError {
  readonly code = 'SHOP_CLOSED';
}

/** What code that is not ours may throw. */
const NO_ERROR: unknown = 'just a text';

export class FailOrder extends Command {
  constructor(readonly flaw: Flaw | undefined) {
    super();
  }
}

@CommandHandler(FailOrder)
export class FailOrderHandler {
  async execute({ flaw }: FailOrder): Promise<void> {
    await Promise.resolve();
    switch (flaw) {
      case 'plain':
        throw new RangeError('no such order');
      case 'coded':
        throw new OutOfStockError('no tea');
      case 'ours':
        throw new ClosedForStocktakingError('come back tomorrow');
      case 'foreign':
        throw NO_ERROR;
      case undefined:
        return;
    }
  }
}

export class GetTotal extends Query<bigint> {
  constructor(readonly orderIds: readonly string[]) {
    super();
  }
}

@QueryHandler(GetTotal)
export class GetTotalHandler {
  execute({ orderIds }: GetTotal): bigint {
    if (orderIds.length === 0) throw new RangeError('no orders');
    return BigInt(orderIds.length) * 100n;
  }
}

export class OrderPlaced extends Event {
  constructor(
    readonly orderId: string,
    readonly at: Date,
  ) {
    super();
  }
}

@EventsHandler(OrderPlaced)
export class Stock {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  async handle(event: OrderPlaced, { handler }: HandlerContext): Promise<void> {
    await Promise.resolve();
    this.journal.note(handler.name, event instanceof OrderPlaced, event.orderId, event.at.toISOString());
  }
}
