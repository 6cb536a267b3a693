import 'reflect-metadata';

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, EventBus, EventPublisher, QueryBus } from '@nestjs/cqrs';

import { Journal } from './app/journal.js';
import { Parcel } from './app/order.js';
import {
  CancelOrder,
  CountOrders,
  FindOrder,
  OrderPlaced,
  OrderShipped,
  PlaceOrder,
  ReserveStock,
  ShipOrder,
} from './app/orders.messages.js';
import { ShopModule } from './app/shop.module.js';
import { ChargeTenant, TenantContext } from './app/tenants.module.js';

/** What the shop must do, whichever library it imports: feature modules that import `CqrsModule` as it is. */
export function shopScenarios(): void {
  let app: INestApplicationContext;
  let journal: Journal;

  beforeEach(async () => {
    app = await NestFactory.createApplicationContext(ShopModule, { logger: false, abortOnError: false });
    journal = app.get(Journal);
  });
  afterEach(() => app.close());

  const bus = <T>(type: Type<T>): T => app.get(type);
  const about = (part: string): string[] => journal.lines.filter((line) => line.includes(part));

  failureScenarios();
  messageScenarios();
  aggregateScenarios();
  scopeScenarios();

  function failureScenarios(): void {
    it('rejects a command with what its handler threw, and handles the next', async () => {
      const refused = bus(CommandBus).execute(new PlaceOrder('1', ''));
      await expect(refused).rejects.toMatchObject({ name: 'Error', message: 'order 1 is refused', orderId: '1' });
      expect(await bus(CommandBus).execute(new PlaceOrder('2', 'ann'))).toEqual({ orderId: '2' });
      expect(about('failure')).toEqual([]);
    });

    it('tells the failure stream of an event handler that threw, runs the others, and calls it again', async () => {
      bus(EventBus).publish(new OrderPlaced('unmailable', 'ann'));
      await journal.has('failure because order unmailable is refused');
      await journal.has('counted OrderPlaced unmailable');
      bus(EventBus).publish(new OrderPlaced('7', 'ann'));
      await journal.has('mailed 7 to ann');
      expect(about('failure of')).toEqual(['failure of OrderPlaced']);
      expect(about('out of range')).toEqual([]);
    });

    it('tells the failure stream of a command that a saga sent and that failed, and the saga reacts again', async () => {
      bus(EventBus).publish(new OrderPlaced('refused', 'ann'));
      await journal.has('failure because order refused is refused');
      bus(EventBus).publish(new OrderPlaced('8', 'ann'));
      await journal.has('reserved 8');
      expect(about('failure of')).toEqual(['failure of ReserveStock']);
    });
  }

  function messageScenarios(): void {
    it('gives the caller what the handler of a command or query returns, whatever shape the class has', async () => {
      expect(await bus(CommandBus).execute(new PlaceOrder('1', 'ann'))).toEqual({ orderId: '1' });
      expect(await bus(CommandBus).execute(new CancelOrder('1', 'late'))).toBe('cancelled: late, 0 uncommitted');
      expect(await bus(CommandBus).execute(new ReserveStock('1'))).toBeUndefined();
      expect(await bus(QueryBus).execute(new FindOrder('1'))).toBe('placed by ann');
      expect(await bus(QueryBus).execute(new CountOrders())).toBe(1);
    });

    it('starts every handler of an event before publish returns, in the order of registration', () => {
      bus(EventBus).publish(new OrderPlaced('1', 'ann'));
      expect(journal.lines).toEqual(expect.arrayContaining(['mailed 1 to ann', 'counted OrderPlaced 1']));
      expect(about('ed ').slice(0, 2)).toEqual(['mailed 1 to ann', 'counted OrderPlaced 1']);
    });

    it('handles each event once, though three feature modules import the module', () => {
      bus(EventBus).publishAll([new OrderPlaced('1', 'ann'), new OrderShipped('1')]);
      expect(about('counted')).toEqual(['counted OrderPlaced 1', 'counted OrderShipped 1']);
      expect(about('mailed')).toHaveLength(1);
    });

    it('runs a saga that is a method and one that is a property', async () => {
      await bus(CommandBus).execute(new PlaceOrder('1', 'prime'));
      await journal.has('saga saw 1 shipped');
      expect(about('reserved')).toEqual(['reserved 1']);
      expect(await bus(QueryBus).execute(new FindOrder('1'))).toBe('shipped');
    });

    it('shows what passes to those who subscribe to a bus', async () => {
      await bus(CommandBus).execute(new PlaceOrder('1', 'ann'));
      await bus(QueryBus).execute(new FindOrder('1'));
      bus(EventBus).publish(new OrderShipped('1'));
      expect(about('command ')).toEqual(['command PlaceOrder', 'command ReserveStock']);
      expect(about('query ')).toEqual(['query FindOrder']);
      expect(about('event ')).toEqual(['event shipped 1']);
    });
  }

  function aggregateScenarios(): void {
    it('publishes the events of an aggregate at commit, through mergeObjectContext', async () => {
      await bus(CommandBus).execute(new PlaceOrder('1', 'ann'));
      expect(about('mailed')).toEqual(['mailed 1 to ann']);
    });

    it('publishes only new events of an instance of a merged class, not its history', async () => {
      await bus(CommandBus).execute(new ShipOrder('1'));
      expect(about('counted')).toEqual(['counted OrderShipped 1']);
      expect(await bus(QueryBus).execute(new FindOrder('1'))).toBe('shipped');
    });

    it('connects an aggregate that does not extend AggregateRoot', () => {
      const publisher = app.get<EventPublisher<OrderShipped>>(EventPublisher);
      const parcel = publisher.mergeObjectContext(new Parcel());
      parcel.apply(new OrderShipped('1'));
      parcel.commit();
      expect(about('counted')).toEqual(['counted OrderShipped 1']);
    });

    it('publishes each event as it is applied where autoCommit is on', async () => {
      await bus(CommandBus).execute(new CancelOrder('1', 'late'));
      expect(about('counted')).toEqual(['counted OrderCancelled 1']);
    });
  }

  function scopeScenarios(): void {
    it('shares one scope between command, query, event and saga, with the AsyncContext as REQUEST', async () => {
      const answer = await bus(CommandBus).execute(new ChargeTenant(5), new TenantContext('acme'));
      expect(answer).toBe('acme after 1 charges');
      await journal.has('acme paid 5, 1 charges');
      await journal.has('receipt for acme');
    });

    it('keeps two scopes apart that are in flight at the same time', async () => {
      const answers = await Promise.all(
        ['acme', 'umbrella'].map((tenant) => bus(CommandBus).execute(new ChargeTenant(1), new TenantContext(tenant))),
      );
      expect(answers).toEqual(['acme after 1 charges', 'umbrella after 1 charges']);
      await Promise.all([journal.has('receipt for acme'), journal.has('receipt for umbrella')]);
      await Promise.all([journal.has('acme paid 1, 1 charges'), journal.has('umbrella paid 1, 1 charges')]);
    });
  }
}
