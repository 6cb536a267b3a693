import { describe, expect, it } from '@jest/globals';
import { Command, Event, Message, type HandlerContext, type MessageHeaders, type SendOptions } from 'nestjs-dispatch';

import { start } from './application.js';
import { commandHandler, eventHandler } from './handlers.js';

@Message('orders.place', { version: 3 })
class PlaceOrder extends Command<HandlerContext> {}
class ReserveStock extends Command<HandlerContext> {}

const giveContext = (_command: object, context: HandlerContext) => context;

/** The context a handler is given. */
async function contextFor(options?: SendOptions): Promise<HandlerContext> {
  const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, giveContext)] });
  return dispatcher.execute(new PlaceOrder(), options);
}

/** The headers of a command and of the one that its handler sends. */
async function headersOf(first: SendOptions, second: SendOptions): Promise<readonly [MessageHeaders, MessageHeaders]> {
  let inner: HandlerContext | undefined;
  const { dispatcher } = await start({
    providers: [
      commandHandler(PlaceOrder, async (_command, context) => {
        inner = await context.execute(new ReserveStock(), second);
        return context;
      }),
      commandHandler(ReserveStock, giveContext),
    ],
  });
  const outer = await dispatcher.execute(new PlaceOrder(), first);
  return [outer.headers, inner?.headers ?? {}];
}

describe('the headers of a message', () => {
  it('cannot be changed', async () => {
    const { headers } = await contextFor({ headers: { tenant: 'a' } });
    expect(Object.isFrozen(headers)).toBe(true);
    expect(Reflect.set(headers, 'tenant', 'b')).toBe(false);
  });

  it('are those of its sender, overlaid by its own', async () => {
    const [outer, inner] = await headersOf(
      { id: 'm1', headers: { tenant: 'a', user: 'ada', trace: '1' } },
      { id: 'm2', headers: { user: 'bob', extra: 'x' } },
    );
    expect(outer).toEqual({ tenant: 'a', user: 'ada', trace: '1', correlationId: 'm1' });
    expect(inner).toEqual({ tenant: 'a', user: 'bob', trace: '1', extra: 'x', correlationId: 'm1', causationId: 'm1' });
  });

  it('name the sender as cause, whatever a sender up the chain was given', async () => {
    const foreign = { headers: { causationId: 'foreign', correlationId: 'far' }, id: 'm1' };
    const [outer, inner] = await headersOf(foreign, { id: 'm2' });
    expect(outer).toEqual({ causationId: 'foreign', correlationId: 'far' });
    expect(inner).toEqual({ causationId: 'm1', correlationId: 'far' });
  });

  it('take a correlation id of the message itself before that of the sender', async () => {
    const [, inner] = await headersOf({ id: 'm1' }, { correlationId: 'own' });
    expect(inner).toEqual({ causationId: 'm1', correlationId: 'own' });
  });
});

describe('the facts of a message', () => {
  it('are the defaults where the sender says nothing', async () => {
    const context = await contextFor();
    const { name, version, kind, key, priority, attempt, causationId, deadline } = context;
    expect({ name, version, kind, key, priority, attempt, causationId, deadline }).toEqual({
      name: 'orders.place',
      version: 3,
      kind: 'command',
      key: undefined,
      priority: 'normal',
      attempt: 1,
      causationId: undefined,
      deadline: undefined,
    });
    expect(context.id).toMatch(/^[0-9a-f-]{36}$/);
    expect([context.id, context.sentAt]).toEqual([context.id, context.sentAt]);
    expect(context.correlationId).toBe(context.id);
  });

  it('are what the sender says, and a key and a priority are not inherited', async () => {
    let inner: HandlerContext | undefined;
    const { dispatcher } = await start({
      providers: [
        commandHandler(PlaceOrder, async (_command, context) => {
          inner = await context.execute(new ReserveStock());
          return context;
        }),
        commandHandler(ReserveStock, giveContext),
      ],
    });
    const outer = await dispatcher.execute(new PlaceOrder(), { id: 'm1', key: 'order-7', priority: 'high' });
    expect([outer.id, outer.key, outer.priority]).toEqual(['m1', 'order-7', 'high']);
    expect([inner?.key, inner?.priority]).toEqual([undefined, 'normal']);
  });

  it('differ from message to message', async () => {
    const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, giveContext)] });
    const command = new PlaceOrder();
    const contexts = [await dispatcher.execute(command), await dispatcher.execute(command)];
    expect(new Set(contexts.map(({ id }) => id)).size).toBe(2);
  });
});

describe('the idempotency key', () => {
  it('is the same each time it is read, and another for each handler and each event', async () => {
    const keys: string[] = [];
    class OrderPlaced extends Event {}
    const listeners = ['Mailer', 'Stock'].map((name) =>
      eventHandler(OrderPlaced, (_event, context) => keys.push(context.idempotencyKey, context.idempotencyKey), {
        name,
      }),
    );
    const { dispatcher } = await start({ providers: listeners });
    await dispatcher.publish(new OrderPlaced(), { id: 'e1' });
    await dispatcher.publish(new OrderPlaced(), { id: 'e2' });
    expect(keys).toEqual(['e1:Mailer', 'e1:Stock', 'e2:Mailer', 'e2:Stock'].flatMap((key) => [key, key]));
  });
});

describe('several handlers of one event', () => {
  it('have a context each, and the id of the event in common', async () => {
    const contexts: HandlerContext[] = [];
    class OrderPlaced extends Event {}
    const listeners = ['Mailer', 'Stock'].map((name) =>
      eventHandler(OrderPlaced, (_event, context) => contexts.push(context), { name }),
    );
    const { dispatcher } = await start({ providers: listeners });
    await dispatcher.publish(new OrderPlaced());
    expect(contexts[0]).not.toBe(contexts[1]);
    expect(contexts.map(({ id }) => id)).toEqual([contexts[0]?.id, contexts[0]?.id]);
    expect(contexts.map(({ handler }) => handler.name)).toEqual(['Mailer', 'Stock']);
  });
});

describe('an id', () => {
  it('is asked for only when somebody reads it, and then once', async () => {
    let askedCount = 0;
    const options: SendOptions = {
      get id() {
        askedCount += 1;
        return 'm1';
      },
    };
    const { dispatcher } = await start({ providers: [commandHandler(PlaceOrder, giveContext)] });
    const context = await dispatcher.execute(new PlaceOrder(), options);
    const before = askedCount;
    const ids = [context.id, context.id, context.correlationId];
    expect({ before, ids, askedCount }).toEqual({ before: 0, ids: ['m1', 'm1', 'm1'], askedCount: 1 });
  });
});
