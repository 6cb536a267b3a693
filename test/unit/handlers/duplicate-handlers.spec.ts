import { describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Command, CommandHandler, EventsHandler, Query } from 'nestjs-dispatch';

import { mistakesOf, start } from '../dispatcher/application.js';
import { commandHandler, eventHandler, queryHandler } from '../dispatcher/handlers.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}

/** Two classes of one name, as two files may have them. */
const makeArchive = () => class Archive extends Command<string> {};

describe('a second handler', () => {
  it('is refused for one command, naming both classes and both modules', async () => {
    @CommandHandler(PlaceOrder)
    class Deferring {
      execute = (): string => 'later';
    }
    @Module({ providers: [Deferring] })
    class SalesModule {}
    const mistakes = await mistakesOf({
      imports: [SalesModule],
      providers: [commandHandler(PlaceOrder, () => 'now')],
    });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]?.rule).toBe('duplicate-handler');
    expect(mistakes[0]?.text).toContain('PlaceOrderHandler (AppModule)');
    expect(mistakes[0]?.text).toContain('Deferring (SalesModule)');
    expect(mistakes[0]?.text).toContain('both handle the command PlaceOrder');
  });

  it('is refused for one query, as often as there is one', async () => {
    const providers = [1, 2, 3].map((number) => queryHandler(GetOrder, () => String(number)));
    const mistakes = await mistakesOf({ providers });
    expect(mistakes.map(({ rule }) => rule)).toEqual(['duplicate-handler', 'duplicate-handler']);
  });

  it('is refused where the same class is a provider of two modules', async () => {
    const handler = commandHandler(PlaceOrder, () => 'placed');
    @Module({ providers: [handler] })
    class SalesModule {}
    expect(await mistakesOf({ imports: [SalesModule], providers: [handler] })).toEqual([
      {
        rule: 'duplicate-handler',
        text: 'PlaceOrderHandler is provided by AppModule and by SalesModule: provide it once and export it.',
      },
    ]);
  });

  it('is refused where one module provides the same class under two names', async () => {
    const handler = commandHandler(PlaceOrder, () => 'placed');
    expect(await mistakesOf({ providers: [handler, { provide: 'again', useClass: handler }] })).toEqual([
      {
        rule: 'duplicate-handler',
        text: 'PlaceOrderHandler is provided twice by AppModule: provide it once and export it.',
      },
    ]);
  });

  it('is replaced by one that overrides, however many there are and in whatever order they are found', async () => {
    const [first, second] = ['first', 'second'].map((result) => commandHandler(PlaceOrder, () => result));
    const replacement = commandHandler(PlaceOrder, () => 'new', { override: true });
    for (const found of [
      [first, second, replacement],
      [replacement, first, second],
      [first, replacement, second],
    ]) {
      const providers = found.filter((provider) => provider !== undefined);
      const { dispatcher } = await start({ providers });
      expect(await dispatcher.execute(new PlaceOrder())).toBe('new');
    }
  });

  it('is refused where two of them override', async () => {
    const providers = [1, 2].map(() => commandHandler(PlaceOrder, () => 'new', { override: true }));
    expect((await mistakesOf({ providers })).map(({ rule }) => rule)).toEqual(['duplicate-handler']);
  });

  it.each([
    ['before', true],
    ['after', false],
  ])('replaces the first with override: true, registered %s it', async (_place, isFirst) => {
    const original = commandHandler(PlaceOrder, () => 'old');
    const replacement = commandHandler(PlaceOrder, () => 'new', { override: true });
    const { dispatcher } = await start({ providers: isFirst ? [replacement, original] : [original, replacement] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('new');
  });

  it('is welcome for an event', async () => {
    const seen: string[] = [];
    class OrderPlaced {}
    const { dispatcher } = await start({
      providers: [
        eventHandler(OrderPlaced, () => seen.push('mail')),
        eventHandler(OrderPlaced, () => seen.push('stock')),
      ],
    });
    await dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual(['mail', 'stock']);
  });
});

describe('one events handler that two modules provide', () => {
  class OrderPlaced {}
  class OrderShipped {}

  @EventsHandler(OrderPlaced, OrderShipped)
  class Mailer {
    handle(): void {}
  }

  it('is a warning, told once, that names both modules', async () => {
    @Module({ providers: [Mailer] })
    class SalesModule {}
    const { log } = await start({ imports: [SalesModule], providers: [Mailer] });
    expect(log.lines).toEqual([
      'warn Mailer is provided by AppModule and by SalesModule, so each event reaches it twice: provide it once and export it.',
    ]);
  });

  it('is no warning where one provides it and the other imports it', async () => {
    @Module({ providers: [Mailer], exports: [Mailer] })
    class MailModule {}
    @Module({ imports: [MailModule], providers: [{ provide: 'mailer', useExisting: Mailer }] })
    class SalesModule {}
    const { log } = await start({
      imports: [SalesModule, MailModule],
      providers: [eventHandler(OrderPlaced, () => undefined)],
    });
    expect(log.lines).toEqual([]);
  });
});

describe('two classes of one name', () => {
  it('are a mistake without a wire name of their own', async () => {
    const [first, second] = [makeArchive(), makeArchive()];
    const mistakes = await mistakesOf({
      providers: [commandHandler(first, () => '1'), commandHandler(second, () => '2')],
    });
    expect(mistakes.map(({ rule }) => rule)).toEqual(['duplicate-message-name']);
  });

  it('are no mistake where only one is handled, and the other finds no handler', async () => {
    const [first, second] = [makeArchive(), makeArchive()];
    const { dispatcher } = await start({ providers: [commandHandler(first, () => 'kept')] });
    await expect(dispatcher.execute(new second())).rejects.toMatchObject({ code: 'DISPATCH_HANDLER_NOT_FOUND' });
    expect(await dispatcher.execute(new first())).toBe('kept');
  });
});

describe('one handler class with two decorators', () => {
  it('handles both kinds of messages', async () => {
    const seen: object[] = [];
    class OrderPlaced {}
    @CommandHandler(PlaceOrder)
    @EventsHandler(OrderPlaced)
    class Orders {
      execute = (): string => 'placed';
      handle = (event: OrderPlaced): void => void seen.push(event);
    }
    const { dispatcher } = await start({ providers: [Orders] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
    await dispatcher.publish(new OrderPlaced());
    expect(seen).toEqual([new OrderPlaced()]);
  });
});
