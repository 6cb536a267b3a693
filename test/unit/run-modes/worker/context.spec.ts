import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  AmbientContext,
  Command,
  CommandBus,
  Event,
  inMemoryQueue,
  Query,
  RunMode,
  type HandlerContext,
} from 'nestjs-dispatch';

import { start } from '../../dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from '../../dispatcher/handlers.js';
import { startQueued, until } from '../queued-application.js';

class PlaceOrder extends Command<string> {}
class ReserveStock extends Command<string> {}
class GetPrice extends Query<string> {}
class OrderPlaced extends Event {}

/** What a handler sees of the message it is given. */
interface Seen {
  readonly name: string;
  readonly id: string;
  readonly queue: string | undefined;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly tenant: string | undefined;
}

function seenOf({ name, id, queue, correlationId, causationId, headers }: HandlerContext): Seen {
  return { name, id, queue, correlationId, causationId, tenant: headers['tenant'] };
}

describe('correlation, causation and headers', () => {
  it('are carried over two queues and from there into the turn of a caller', async () => {
    const seen: Seen[] = [];
    const { dispatcher } = await startQueued({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          seen.push(seenOf(context));
          return context.execute(new ReserveStock(), { id: 'm2', queue: 'stock', headers: { user: 'u' } });
        }),
        commandHandler(
          ReserveStock,
          async (_command, context) => {
            seen.push(seenOf(context));
            expect(context.headers['user']).toBe('u');
            await context.publish(new OrderPlaced(), { id: 'm3' });
            return context.query(new GetPrice(), { id: 'm4' });
          },
          { queue: 'stock' },
        ),
        queryHandler(GetPrice, (_query, context) => seen.push(seenOf(context)), { runMode: RunMode.Sync }),
        eventHandler(OrderPlaced, (_event, context) => seen.push(seenOf(context))),
      ],
    });
    await dispatcher.execute(new PlaceOrder(), { id: 'm1', correlationId: 'c1', headers: { tenant: 'acme' } });
    await until('all four', () => seen.length === 4);
    const facts = { correlationId: 'c1', tenant: 'acme' };
    expect(seen.toSorted((one, other) => one.id.localeCompare(other.id))).toEqual([
      { name: 'PlaceOrder', id: 'm1', queue: 'default', causationId: undefined, ...facts },
      { name: 'ReserveStock', id: 'm2', queue: 'stock', causationId: 'm1', ...facts },
      { name: 'OrderPlaced', id: 'm3', queue: 'default', causationId: 'm2', ...facts },
      { name: 'GetPrice', id: 'm4', queue: undefined, causationId: 'm2', ...facts },
    ]);
  });

  it('are found by services that a handler behind a queue calls', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Stock {
      constructor(
        @Inject(CommandBus) private readonly commands: CommandBus,
        @Inject(AmbientContext) private readonly ambient: AmbientContext,
      ) {}

      async reserve(): Promise<unknown> {
        seen.push(this.ambient.current?.id);
        return this.commands.execute(new ReserveStock());
      }
    }
    @Injectable()
    class Shelf {
      static stock: Stock | undefined;
      constructor(@Inject(Stock) stock: Stock) {
        Shelf.stock = stock;
      }
    }
    const { dispatcher } = await start({
      options: { queue: inMemoryQueue() },
      providers: [
        Stock,
        Shelf,
        commandHandler(PlaceOrder, () => Shelf.stock?.reserve(), { queue: 'orders' }),
        commandHandler(ReserveStock, (_command, { causationId, correlationId }) => `${causationId} ${correlationId}`),
      ],
    });
    const answer = dispatcher.execute(new PlaceOrder(), { id: 'm1', correlationId: 'c1' });
    expect(await answer).toBe('m1 c1');
    expect(seen).toEqual(['m1']);
  });

  it('are passed on through the context alone, where the application says so', async () => {
    const { dispatcher } = await startQueued({
      options: { context: 'explicit' },
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          const lost: string = await dispatcher.execute(new ReserveStock());
          return `${lost}, ${await context.execute(new ReserveStock())}`;
        }),
        commandHandler(ReserveStock, (_command, { causationId }) => `${causationId}`, { runMode: RunMode.Sync }),
      ],
    });
    expect(await dispatcher.execute(new PlaceOrder(), { id: 'm1' })).toBe('undefined, m1');
  });
});

describe('the context of a handler behind a queue', () => {
  it('has what the sender said of the message', async () => {
    const sentAt: Date[] = [];
    const { dispatcher } = await startQueued({
      providers: [
        commandHandler(PlaceOrder, (_command, context) => {
          sentAt.push(context.sentAt);
          const { kind, version, key, priority, timeoutMs, handler, idempotencyKey } = context;
          return { kind, version, key, priority, timeoutMs, handler: handler.key, idempotencyKey };
        }),
      ],
    });
    const before = Date.now();
    const options = { id: 'm1', key: 'order 7', priority: 'low', timeoutMs: 700 } as const;
    expect(await dispatcher.execute(new PlaceOrder(), options)).toEqual({
      kind: 'command',
      version: 1,
      key: 'order 7',
      priority: 'low',
      timeoutMs: 700,
      handler: 'PlaceOrderHandler',
      idempotencyKey: 'm1:PlaceOrderHandler',
    });
    expect(sentAt[0]?.getTime()).toBeGreaterThanOrEqual(before);
    expect(sentAt[0]?.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('sends a command on its way and gives the receipt', async () => {
    const { dispatcher } = await startQueued({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          const receipt = await context.send(new ReserveStock(), { id: 'm2' });
          return receipt.id;
        }),
        commandHandler(ReserveStock, (_command, { causationId }) => causationId),
      ],
    });
    const id: string = await dispatcher.execute(new PlaceOrder(), { id: 'm1' });
    expect(id).toBe('m2@default');
    expect(await dispatcher.receipt(id).result()).toBe('m1');
  });
});
