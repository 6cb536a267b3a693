import { describe, expect, it } from '@jest/globals';
import { IsInt, IsString, Min, MinLength, ValidateNested } from 'class-validator';
import { Type as TypeOf } from 'class-transformer';
import {
  Command,
  Event,
  InvalidMessageError,
  LoggingBehavior,
  Message,
  Query,
  SkipBehavior,
  TimeoutBehavior,
  ValidationBehavior,
} from 'nestjs-dispatch';
import { z } from 'zod';

import { rejectionOf, start } from '../dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class OrderLine {
  @IsInt()
  @Min(1)
  quantity: number;

  constructor(quantity: number) {
    this.quantity = quantity;
  }
}

/** Its rules are decorators of class-validator. */
class PlaceOrder extends Command<string> {
  @IsString()
  @MinLength(2)
  customer: string;

  @ValidateNested({ each: true })
  @TypeOf(() => OrderLine)
  lines: OrderLine[];

  constructor(customer: string, ...quantities: number[]) {
    super();
    this.customer = customer;
    this.lines = quantities.map((quantity) => new OrderLine(quantity));
  }
}

/** Its rules are a Standard Schema. */
@Message('orders.get', { schema: z.object({ orderId: z.uuid(), page: z.number().min(1) }) })
class GetOrder extends Query<string> {
  constructor(
    readonly orderId: string,
    readonly page: number,
  ) {
    super();
  }
}

/** Its rules are a method of its own. */
class OrderPlaced extends Event {
  constructor(readonly orderId: string) {
    super();
  }

  validate(): string[] {
    return this.orderId === '' ? ['orderId is empty', 'nothing was placed'] : [];
  }
}

const uuid = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

async function startShop() {
  const handled: object[] = [];
  const note = (message: object) => {
    handled.push(message);
    return 'done';
  };
  const { dispatcher } = await start({
    providers: [commandHandler(PlaceOrder, note), queryHandler(GetOrder, note), eventHandler(OrderPlaced, note)],
  });
  return { dispatcher, handled };
}

const pathsOf = (error: unknown) => (error as InvalidMessageError).violations.map(({ path }) => path).toSorted();

describe('validation', () => {
  it('lists every violation of class-validator with its path, and handles the next message', async () => {
    const { dispatcher, handled } = await startShop();
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder('x', 1, 0, 1.5)));
    expect(error).toMatchObject({ code: 'DISPATCH_INVALID_MESSAGE', messageName: 'PlaceOrder' });
    expect(pathsOf(error)).toEqual(['customer', 'lines.1.quantity', 'lines.2.quantity']);
    expect(handled).toEqual([]);
    expect(await dispatcher.execute(new PlaceOrder('Ada', 1))).toBe('done');
  });

  it('lists every violation of a Standard Schema with its path, and handles the next message', async () => {
    const { dispatcher } = await startShop();
    const error = await rejectionOf(dispatcher.query(new GetOrder('7', 0)));
    expect(error).toMatchObject({ code: 'DISPATCH_INVALID_MESSAGE', messageName: 'orders.get' });
    expect(pathsOf(error)).toEqual(['orderId', 'page']);
    expect(await dispatcher.query(new GetOrder(uuid, 1))).toBe('done');
  });

  it('lists what the validate() of the message says, for an event per handler, and handles the next', async () => {
    const { dispatcher, handled } = await startShop();
    const error = await rejectionOf(dispatcher.publishAndWait(new OrderPlaced('')));
    const errors = (error as AggregateError).errors as Error[];
    expect(errors.map(({ cause }) => (cause as InvalidMessageError).violations)).toEqual([
      [
        { path: '', message: 'orderId is empty' },
        { path: '', message: 'nothing was placed' },
      ],
    ]);
    await dispatcher.publishAndWait(new OrderPlaced('7'));
    expect(handled).toEqual([new OrderPlaced('7')]);
  });

  it('applies the schema of a handler beside the rules of the message', async () => {
    const schema = z.object({ customer: z.literal('Ada') });
    const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, () => 'done', { schema })] });
    expect(pathsOf(await rejectionOf(dispatcher.execute(new PlaceOrder('B', 1))))).toEqual(['customer', 'customer']);
    expect(await dispatcher.execute(new PlaceOrder('Ada', 1))).toBe('done');
  });
});

describe('SkipBehavior', () => {
  it('turns validation off for a message class', async () => {
    @SkipBehavior(ValidationBehavior)
    class Unchecked extends Command<string> {
      validate(): boolean {
        return false;
      }
    }
    const { dispatcher } = await start({ providers: [commandHandler(Unchecked, () => 'done')] });
    expect(await dispatcher.execute(new Unchecked())).toBe('done');
  });

  it('turns logging off for a message class', async () => {
    @SkipBehavior(LoggingBehavior)
    class Quiet extends Command {}
    class Loud extends Command {}
    const { dispatcher, log } = await start({
      options: { logging: true },
      providers: [commandHandler(Quiet, () => undefined), commandHandler(Loud, () => undefined)],
    });
    await dispatcher.execute(new Quiet());
    await dispatcher.execute(new Loud());
    expect(log.lines).toEqual([expect.stringContaining('LoudHandler handled "Loud"')]);
  });

  it('turns the time limit off for a message class, whoever sets it', async () => {
    @SkipBehavior(TimeoutBehavior)
    class Patient extends Command<Date | undefined> {}
    const { dispatcher } = await start({
      options: { timeoutMs: 1000 },
      providers: [commandHandler(Patient, (_command, { deadline }) => deadline, { timeoutMs: 1000 })],
    });
    expect(await dispatcher.execute(new Patient())).toBeUndefined();
    expect(await dispatcher.execute(new Patient(), { timeoutMs: 1000 })).toBeUndefined();
  });
});
