import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  AggregateRoot,
  AsyncContext,
  Command,
  Event,
  EventPublisher,
  EventsHandler,
  type HandlerContext,
  type IEventPublisher,
} from 'nestjs-dispatch';

import { start } from '../dispatcher/application.js';
import { commandHandler, eventHandler } from '../dispatcher/handlers.js';

class LineAdded extends Event {
  constructor(readonly quantity: number) {
    super();
  }
}
class OrderClosed extends Event {}
class CloseOrder extends Command {}

class Order extends AggregateRoot<LineAdded | OrderClosed> {
  quantity = 0;

  constructor(readonly id = '7') {
    super();
  }

  add(quantity: number): this {
    this.apply(new LineAdded(quantity));
    return this;
  }

  close(): this {
    this.apply(new OrderClosed());
    return this;
  }

  onLineAdded({ quantity }: LineAdded): void {
    this.quantity += quantity;
  }
}

/** An application that notes the events it handles. */
async function startShop(eventPublisher?: IEventPublisher) {
  const seen: string[] = [];
  const application = await start({
    options: eventPublisher === undefined ? {} : { eventPublisher },
    providers: [
      eventHandler(LineAdded, ({ quantity }) => seen.push(`added ${quantity}`)),
      eventHandler(OrderClosed, () => seen.push('closed')),
    ],
  });
  return { ...application, seen, publisher: application.app.get(EventPublisher) };
}

describe('an aggregate that is not connected', () => {
  it.each<[string, (order: Order) => unknown]>([
    ['commit', (order) => order.commit()],
    ['publish', (order) => order.publish(new OrderClosed())],
    ['publishAll', (order) => order.publishAll([new OrderClosed()])],
  ])('refuses %s() and keeps its events', async (_method, publish) => {
    const order = new Order().add(1);
    await expect(async () => publish(order)).rejects.toMatchObject({
      code: 'DISPATCH_AGGREGATE_NOT_CONNECTED',
      aggregateName: 'Order',
      message: expect.stringContaining('mergeObjectContext'),
    });
    expect(order.getUncommittedEvents()).toEqual([new LineAdded(1)]);
  });

  it('is not connected by the handler it is used in, and publishes what it kept once it is', async () => {
    const { publisher, seen } = await startShop();
    const order = new Order().add(1);
    const { dispatcher } = await start({
      providers: [commandHandler(CloseOrder, async (_command, _context: HandlerContext) => order.close().commit())],
    });
    await expect(dispatcher.execute(new CloseOrder())).rejects.toMatchObject({
      code: 'DISPATCH_AGGREGATE_NOT_CONNECTED',
    });
    await publisher.mergeObjectContext(order).commit();
    expect(seen).toEqual(['added 1', 'closed']);
  });
});

describe('commit', () => {
  it('publishes the events in the order they were applied, once', async () => {
    const { publisher, seen } = await startShop();
    const order = publisher.mergeObjectContext(new Order());
    await order.add(1).close().add(2).commit();
    await order.commit();
    expect(seen).toEqual(['added 1', 'closed', 'added 2']);
    expect(order.getUncommittedEvents()).toEqual([]);
  });

  it('resolves and reaches the other events where a handler fails', async () => {
    const seen: string[] = [];
    const { app, log } = await start({
      providers: [
        eventHandler(LineAdded, () => Promise.reject(new Error('no stock'))),
        eventHandler(OrderClosed, () => seen.push('closed')),
      ],
    });
    await app.get(EventPublisher).mergeObjectContext(new Order()).add(1).close().commit();
    await setImmediate();
    expect(seen).toEqual(['closed']);
    expect(log.lines).toHaveLength(1);
  });

  it('hands a custom publisher all events at once, with the aggregate', async () => {
    const calls: unknown[][] = [];
    const { publisher, seen } = await startShop({
      publish: (...args) => void calls.push(['publish', ...args]),
      publishAll: (...args) => void calls.push(['publishAll', ...args]),
    });
    const order = publisher.mergeObjectContext(new Order());
    await order.add(1).close().commit();
    expect(calls).toEqual([['publishAll', [new LineAdded(1), new OrderClosed()], order, undefined]]);
    expect(seen).toEqual([]);
  });

  it('rejects with what a custom publisher throws', async () => {
    const { publisher } = await startShop({
      publish: () => {
        throw new RangeError('no broker');
      },
    });
    const order = publisher.mergeObjectContext(new Order()).add(1);
    await expect(order.commit()).rejects.toThrow(new RangeError('no broker'));
    expect(order.getUncommittedEvents()).toHaveLength(1);
  });
});

describe('the events of an aggregate', () => {
  it('are forgotten by uncommit(), and the state stays', async () => {
    const { publisher, seen } = await startShop();
    const order = publisher.mergeObjectContext(new Order()).add(1);
    order.uncommit();
    await order.commit();
    expect([seen, order.quantity]).toEqual([[], 1]);
  });

  it('are not published again where they come from history', async () => {
    const { publisher, seen } = await startShop();
    const order = publisher.mergeObjectContext(new Order());
    order.loadFromHistory([new LineAdded(2), new OrderClosed(), new LineAdded(3)]);
    order.apply(new LineAdded(4), true);
    await order.commit();
    expect([seen, order.quantity]).toEqual([[], 9]);
  });

  it('leave the state alone with skipHandler, and are published', async () => {
    const { publisher, seen } = await startShop();
    const order = publisher.mergeObjectContext(new Order());
    order.apply(new LineAdded(2), { skipHandler: true });
    await order.commit();
    expect([seen, order.quantity]).toEqual([['added 2'], 0]);
  });

  it('are published as they are applied with autoCommit', async () => {
    const { publisher, seen } = await startShop();
    const order = publisher.mergeObjectContext(new Order());
    order.autoCommit = true;
    order.add(1).close();
    expect([seen, order.getUncommittedEvents()]).toEqual([['added 1', 'closed'], []]);
  });
});

describe('EventPublisher', () => {
  it('connects an object that was made without its constructor, and leaves no field on it', async () => {
    const { publisher, seen } = await startShop();
    const order = Object.assign(Object.create(Order.prototype) as Order, { id: '8', quantity: 5 });
    await publisher.mergeObjectContext(order).add(1).commit();
    expect(seen).toEqual(['added 1']);
    expect(Object.keys(order)).toEqual(['id', 'quantity']);
  });

  it('makes a class whose instances are connected, under the same name', async () => {
    const { publisher, seen } = await startShop();
    const ConnectedOrder = publisher.mergeClassContext(Order);
    const order = new ConnectedOrder('9');
    await order.add(1).commit();
    expect([seen, order.id, order.quantity, ConnectedOrder.name]).toEqual([['added 1'], '9', 1, 'Order']);
    expect(order).toBeInstanceOf(Order);
    await expect(async () => new Order().add(1).commit()).rejects.toMatchObject({
      code: 'DISPATCH_AGGREGATE_NOT_CONNECTED',
    });
  });

  it('keeps correlation and causation where the aggregate is committed in a handler', async () => {
    const facts: unknown[] = [];
    const { app, dispatcher } = await start({
      providers: [
        commandHandler(CloseOrder, async () =>
          app.get(EventPublisher).mergeObjectContext(new Order()).close().commit(),
        ),
        eventHandler(OrderClosed, (_event, { causationId, correlationId }) => facts.push([causationId, correlationId])),
      ],
    });
    await dispatcher.execute(new CloseOrder(), { id: 'm1' });
    expect(facts).toEqual([['m1', 'm1']]);
  });

  it('gives the events of an aggregate the scope it is handed', async () => {
    const requests: unknown[] = [];
    @EventsHandler(OrderClosed)
    @Injectable({ scope: Scope.REQUEST })
    class Listener {
      constructor(@Inject(REQUEST) private readonly request: unknown) {}

      handle(): void {
        requests.push(this.request);
      }
    }
    const { app } = await start({ providers: [Listener] });
    const request = { user: 'ada' };
    const order = app.get(EventPublisher).mergeObjectContext(new Order(), new AsyncContext(undefined, request));
    await order.close().commit();
    await setImmediate();
    expect(requests).toEqual([request]);
  });
});

describe('the version of an aggregate', () => {
  it('counts what was replayed, and not what is uncommitted', () => {
    const order = new Order();
    order.loadFromHistory([new LineAdded(1), new LineAdded(2)]);
    order.add(3);
    expect([order.version, order.quantity, order.uncommittedEvents]).toEqual([2, 6, [new LineAdded(3)]]);
    order.uncommit();
    expect([order.version, order.uncommittedEvents]).toEqual([2, []]);
  });

  it('gives way to a field of the same name, as an ORM sets it', () => {
    class Row extends Order {
      declare version: number;
    }
    const row = new Row();
    row.version = 5;
    row.loadFromHistory([new LineAdded(1)]);
    expect([row.version, Object.keys(row).includes('version'), new Order().version]).toEqual([5, true, 0]);
  });
});
