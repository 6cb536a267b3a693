import { describe, expect, it } from '@jest/globals';
import { CommandBus, CommandHandler, EventBus, EventsHandler, Message } from 'nestjs-dispatch';

import { rejectionOf, start } from './application.js';

/** Two classes of one name, as two files would declare them. */
function declareTwins() {
  const first = () => {
    class Created {}
    return Created;
  };
  const second = () => {
    class Created {}
    return Created;
  };
  return [first(), second()] as const;
}

function named(name: string) {
  @Message(name)
  class Created {}
  return Created;
}

describe('two classes of one name (nestjs/cqrs#787, #790, #542, #487, #98)', () => {
  it('keep the application from starting where both are handled and have no other name', async () => {
    const [UserCreated, OrderCreated] = declareTwins();
    @EventsHandler(UserCreated)
    class UserListener {
      handle() {}
    }
    @EventsHandler(OrderCreated)
    class OrderListener {
      handle() {}
    }
    const error = await rejectionOf(start([UserListener, OrderListener]));
    expect(error).toMatchObject({ code: 'DISPATCH_WIRING', mistakes: [{ rule: 'duplicate-message-name' }] });
  });

  it('reach each its own handlers only, as events', async () => {
    const [UserCreated, OrderCreated] = [named('user.created'), named('order.created')];
    const seen: string[] = [];
    @EventsHandler(UserCreated)
    class UserListener {
      handle() {
        seen.push('user');
      }
    }
    @EventsHandler(OrderCreated)
    class OrderListener {
      handle() {
        seen.push('order');
      }
    }
    const app = await start([UserListener, OrderListener]);
    await app.get(EventBus).publish(new OrderCreated());
    expect(seen).toEqual(['order']);
    await app.get(EventBus).publish(new UserCreated());
    expect(seen).toEqual(['order', 'user']);
    await app.close();
  });

  it('reach each its own handler, as commands', async () => {
    const [CreateUser, CreateOrder] = [named('user.create'), named('order.create')];
    @CommandHandler(CreateUser)
    class UserHandler {
      async execute(_command: object) {
        return 'user';
      }
    }
    @CommandHandler(CreateOrder)
    class OrderHandler {
      async execute(_command: object) {
        return 'order';
      }
    }
    const app = await start([UserHandler, OrderHandler]);
    const commands = app.get(CommandBus);
    expect(await commands.execute(new CreateUser())).toBe('user');
    expect(await commands.execute(new CreateOrder())).toBe('order');
    await app.close();
  });

  it('are not mixed up where only one of them is handled', async () => {
    const [Handled, Foreign] = declareTwins();
    let count = 0;
    @EventsHandler(Handled)
    class Listener {
      handle() {
        count += 1;
      }
    }
    const app = await start([Listener]);
    await app.get(EventBus).publish(new Foreign());
    expect(count).toBe(0);
    await app.get(EventBus).publish(new Handled());
    expect(count).toBe(1);
    await app.close();
  });
});
