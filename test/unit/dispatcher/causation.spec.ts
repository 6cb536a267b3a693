import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  AmbientContext,
  Command,
  CommandHandler,
  Dispatcher,
  Event,
  Query,
  type HandlerContext,
} from 'nestjs-dispatch';

import { start } from './application.js';
import { commandHandler, eventHandler, queryHandler } from './handlers.js';

class PlaceOrder extends Command<string> {}
class OrderPlaced extends Event {}
class ShipOrder extends Command {}
class GetOrder extends Query<string> {}

interface Trace {
  readonly name: string;
  readonly id: string;
  readonly correlationId: string;
  readonly causationId: string | undefined;
}

const traceOf = ({ name, id, correlationId, causationId }: HandlerContext): Trace => ({
  name,
  id,
  correlationId,
  causationId,
});

/** Sends without knowing of contexts, as a service that is shared with other applications does. */
@Injectable()
class Shop {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  async announce(): Promise<void> {
    await Promise.resolve();
    await this.dispatcher.publishAndWait(new OrderPlaced());
  }
}

/** A command whose service publishes an event, whose listener sends a command through its context. */
async function startShop(context: 'ambient' | 'explicit') {
  const traces: Trace[] = [];
  @CommandHandler(PlaceOrder)
  class PlaceOrderHandler {
    constructor(@Inject(Shop) private readonly shop: Shop) {}

    async execute(_command: PlaceOrder, own: HandlerContext): Promise<string> {
      traces.push(traceOf(own));
      await this.shop.announce();
      return own.id;
    }
  }
  const { dispatcher } = await start({
    options: { context },
    providers: [
      Shop,
      PlaceOrderHandler,
      eventHandler(OrderPlaced, async (_event, own) => {
        traces.push(traceOf(own));
        await own.execute(new ShipOrder());
      }),
      commandHandler(ShipOrder, (_command, own) => traces.push(traceOf(own))),
    ],
  });
  return { dispatcher, traces };
}

describe('the ambient context', () => {
  it('keeps correlation and causation through a service that knows of none', async () => {
    const { dispatcher, traces } = await startShop('ambient');
    const id = await dispatcher.execute(new PlaceOrder());
    const [placed, announced, shipped] = traces;
    expect(placed).toEqual({ name: 'PlaceOrder', id, correlationId: id, causationId: undefined });
    expect(announced).toMatchObject({ name: 'OrderPlaced', correlationId: id, causationId: id });
    expect(shipped).toMatchObject({ name: 'ShipOrder', correlationId: id, causationId: announced?.id });
  });

  it('keeps messages apart that are handled at once', async () => {
    const { dispatcher, traces } = await startShop('ambient');
    const ids = await Promise.all([1, 2, 3].map(() => dispatcher.execute(new PlaceOrder())));
    const perMessage = ids.map((id) => traces.filter(({ correlationId }) => correlationId === id).length);
    expect(perMessage).toEqual([3, 3, 3]);
  });

  it('is over when the handler is: the next message is a first one', async () => {
    const { dispatcher, traces } = await startShop('ambient');
    await dispatcher.execute(new PlaceOrder());
    await dispatcher.execute(new ShipOrder());
    expect(traces.at(-1)).toMatchObject({ name: 'ShipOrder', causationId: undefined });
  });

  it.each(['ambient', 'explicit'] as const)('is given by AmbientContext inside handlers: %s', async (context) => {
    @Injectable()
    class TraceLog {
      constructor(@Inject(AmbientContext) private readonly ambient: AmbientContext) {}

      get name(): string | undefined {
        return this.ambient.current?.name;
      }
    }
    const { app, dispatcher } = await start({
      options: { context },
      providers: [TraceLog, queryHandler(GetOrder, async () => app.get(TraceLog).name)],
    });
    expect(await dispatcher.query(new GetOrder())).toBe(context === 'ambient' ? 'GetOrder' : undefined);
    expect(app.get(TraceLog).name).toBeUndefined();
  });
});

describe("context: 'explicit'", () => {
  it('keeps causation only where the context is passed on', async () => {
    const { dispatcher, traces } = await startShop('explicit');
    await dispatcher.execute(new PlaceOrder());
    const [placed, announced, shipped] = traces;
    expect(announced?.causationId).toBeUndefined();
    expect(announced?.correlationId).not.toBe(placed?.correlationId);
    expect(shipped).toMatchObject({ correlationId: announced?.id, causationId: announced?.id });
  });

  it('takes the context as an option of every door', async () => {
    const seen: unknown[] = [];
    const note = (_message: object, own: HandlerContext): void => void seen.push([own.name, own.causationId]);
    const { dispatcher } = await start({
      options: { context: 'explicit' },
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          await dispatcher.execute(new ShipOrder(), { context });
          await dispatcher.query(new GetOrder(), { context });
          await dispatcher.publish(new OrderPlaced(), { context });
          await dispatcher.publishAll([new OrderPlaced()], { context });
          await dispatcher.publishAndWait(new OrderPlaced(), { context });
        }),
        commandHandler(ShipOrder, note),
        queryHandler(GetOrder, note),
        eventHandler(OrderPlaced, note),
      ],
    });
    await dispatcher.execute(new PlaceOrder(), { id: 'first' });
    expect(seen).toEqual([
      ['ShipOrder', 'first'],
      ['GetOrder', 'first'],
      ['OrderPlaced', 'first'],
      ['OrderPlaced', 'first'],
      ['OrderPlaced', 'first'],
    ]);
  });
});

describe('the verbs of a context', () => {
  it.each(['ambient', 'explicit'] as const)('keep causation in either mode: %s', async (context) => {
    const seen: unknown[] = [];
    const note = (_message: object, own: HandlerContext): void => void seen.push([own.name, own.causationId]);
    const { dispatcher } = await start({
      options: { context },
      providers: [
        commandHandler(PlaceOrder, async (_command, own) => {
          await own.query(new GetOrder());
          await own.publish(new OrderPlaced());
          await own.publishAll([new OrderPlaced()]);
          await own.publishAndWait(new OrderPlaced());
        }),
        queryHandler(GetOrder, note),
        eventHandler(OrderPlaced, note),
      ],
    });
    await dispatcher.execute(new PlaceOrder(), { id: 'first' });
    expect(seen).toEqual([
      ['GetOrder', 'first'],
      ['OrderPlaced', 'first'],
      ['OrderPlaced', 'first'],
      ['OrderPlaced', 'first'],
    ]);
  });
});
