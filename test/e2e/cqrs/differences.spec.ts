import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { mergeMap, type Observable } from 'rxjs';

import { failureOf, moved, original, settle, start, type Library } from './libraries.js';

class Ping {}
class Pong {}

/** Runs a scenario with both libraries, and returns what it returned with each. */
async function both<T>(scenario: (library: Library) => Promise<T>): Promise<{ original: T; moved: T }> {
  return { original: await scenario(original), moved: await scenario(moved) };
}

describe('messages, other than in @nestjs/cqrs', () => {
  it('are rejected, not refused by a synchronous throw, where they are commands that nobody handles', async () => {
    const failures = await both(async (library) => {
      const app = await start(library, []);
      const failure = await failureOf(() => app.get(library.CommandBus).execute(new Ping()));
      await app.close();
      return failure;
    });
    expect(failures).toEqual({
      original: 'throws CommandHandlerNotFoundException',
      moved: 'rejects with CommandHandlerNotFoundException',
    });
  });

  it('must not have two handlers where they are commands: the application does not start', async () => {
    const results = await both(async (library) => {
      @library.CommandHandler(Ping)
      class First {
        async execute(_command: Ping) {
          return 'first';
        }
      }
      @library.CommandHandler(Ping)
      class Second {
        async execute(_command: Ping) {
          return 'second';
        }
      }
      return failureOrResult(library, [First, Second]);
    });
    expect(results).toEqual({ original: 'second', moved: 'rejects with WiringError' });
  });

  it('must not share a class name where both are handled and neither has a @Message name', async () => {
    const results = await both(async (library) => {
      const Twin = { Ping: class {} }.Ping;
      Object.defineProperty(Twin, 'name', { value: 'Ping' });
      @library.CommandHandler(Ping)
      class First {
        async execute(_command: Ping) {
          return 'first';
        }
      }
      @library.CommandHandler(Twin)
      class Second {
        async execute(_command: object) {
          return 'second';
        }
      }
      return failureOrResult(library, [First, Second]);
    });
    expect(results).toEqual({ original: 'first', moved: 'rejects with WiringError' });
  });

  it('are not handled by the handler of a base class that does not say so', async () => {
    class SpecialPing extends Ping {}
    const seen = await both(async (library) => {
      const lines: string[] = [];
      @library.EventsHandler(Ping)
      class Listener {
        handle(event: Ping) {
          lines.push(event.constructor.name);
        }
      }
      @library.CommandHandler(Ping)
      class Handler {
        async execute(_command: Ping) {}
      }
      const app = await start(library, [Listener, Handler]);
      app.get(library.EventBus).publish(new SpecialPing());
      const failure = await failureOf(() => app.get(library.CommandBus).execute(new SpecialPing()));
      await app.close();
      return [...lines, failure];
    });
    expect(seen.original).toEqual(['SpecialPing', 'no failure']);
    expect(seen.moved).toEqual(['rejects with CommandHandlerNotFoundException']);
  });

  it('are not handled by a class that inherits its decorator', async () => {
    const results = await both(async (library) => {
      @library.CommandHandler(Ping)
      class Base {
        async execute(_command: Ping) {
          return 'inherited';
        }
      }
      class Derived extends Base {}
      return failureOrResult(library, [Derived]);
    });
    expect(results).toEqual({ original: 'inherited', moved: 'rejects with CommandHandlerNotFoundException' });
  });

  it('give REQUEST their context where they were sent without an AsyncContext', async () => {
    const seen = await both(async (library) => {
      const requests: unknown[] = [];
      @library.CommandHandler(Ping, { scope: Scope.REQUEST })
      class Handler {
        constructor(@Inject(REQUEST) private readonly request: object | undefined) {}

        async execute(_command: Ping) {
          requests.push(this.request?.constructor.name);
        }
      }
      @library.EventsHandler(Pong, { scope: Scope.REQUEST })
      class Listener {
        constructor(@Inject(REQUEST) private readonly request: object | undefined) {}

        handle() {
          requests.push(this.request?.constructor.name);
        }
      }
      const app = await start(library, [Handler, Listener]);
      await app.get(library.CommandBus).execute(new Ping());
      app.get(library.EventBus).publish(new Pong());
      await settle();
      await app.close();
      return requests;
    });
    expect(seen).toEqual({ original: ['AsyncContext', undefined], moved: ['MessageContext', 'MessageContext'] });
  });

  it('return a promise from publish and publishAll', async () => {
    const returned = await both(async (library) => {
      const app = await start(library, []);
      const events = app.get(library.EventBus);
      const isPromise = [events.publish(new Ping()), events.publishAll([new Ping()])].map(
        (result) => result instanceof Promise,
      );
      await app.close();
      return isPromise;
    });
    expect(returned).toEqual({ original: [false, false], moved: [true, true] });
  });
});

describe('the application, other than with @nestjs/cqrs', () => {
  it('keeps a saga that has thrown, and names the event as the cause', async () => {
    const seen = await both(async (library) => {
      const lines: string[] = [];
      @Injectable()
      class PingSaga {
        @library.Saga()
        react(events$: Observable<object>): Observable<object> {
          return events$.pipe(
            mergeMap((event) => {
              lines.push('saga');
              throw new Error(`cannot react to ${event.constructor.name}`);
            }),
          );
        }
      }
      const app = await start(library, [PingSaga]);
      app
        .get<{ subscribe(next: (info: { cause: unknown }) => void): void }>(library.UnhandledExceptionBus)
        .subscribe(({ cause }) => lines.push(typeof cause === 'string' ? cause : String(cause?.constructor.name)));
      app.get(library.EventBus).publish(new Ping());
      app.get(library.EventBus).publish(new Ping());
      await settle();
      await app.close();
      return lines;
    });
    expect(seen.original).toEqual(['saga', 'react']);
    expect(seen.moved).toEqual(['saga', 'Ping', 'saga', 'Ping']);
  });

  it('waits at close for the handlers that are running', async () => {
    const order = await both(async (library) => {
      const lines: string[] = [];
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      @library.EventsHandler(Ping)
      class Listener {
        async handle() {
          await released;
          lines.push('handled');
        }
      }
      const app = await start(library, [Listener]);
      app.get(library.EventBus).publish(new Ping());
      const closing = app.close().then(() => lines.push('closed'));
      await settle();
      release();
      await closing;
      await settle();
      return lines;
    });
    expect(order).toEqual({ original: ['closed', 'handled'], moved: ['handled', 'closed'] });
  });

  it('takes its options once: a second forRoot with options keeps it from starting', async () => {
    const started = await both((library) =>
      failureOf(async () => {
        const commandPublisher = { publish: () => undefined };
        const root = () => library.CqrsModule.forRoot({ commandPublisher });
        const roots = [library.CqrsModule.forRoot(), root(), root()];
        await (await start(library, [], roots)).close();
      }),
    );
    expect(started).toEqual({ original: 'no failure', moved: 'rejects with WiringError' });
  });

  it('shows commands to the subscribers of the bus also where a publisher was set', async () => {
    const seen = await both(async (library) => {
      const lines: string[] = [];
      @library.CommandHandler(Ping)
      class Handler {
        async execute(_command: Ping) {}
      }
      const app = await start(library, [Handler]);
      const commands = app.get(library.CommandBus);
      commands.publisher = { publish: () => lines.push('publisher') };
      commands.subscribe(() => lines.push('subscriber'));
      await commands.execute(new Ping());
      await app.close();
      return lines;
    });
    expect(seen).toEqual({ original: ['publisher'], moved: ['publisher', 'subscriber'] });
  });

  it('refuses to commit an aggregate that has no bus, and keeps its events', async () => {
    const seen = await both(async (library) => {
      class Account extends library.AggregateRoot {}
      const account = new Account();
      account.apply(new Ping());
      const failure = await failureOf(() => account.commit());
      return [failure.split(' ').at(-1), account.getUncommittedEvents().length];
    });
    expect(seen).toEqual({ original: ['failure', 0], moved: ['AggregateNotConnectedError', 1] });
  });

  it('does not publish the history of an aggregate whose autoCommit is on', async () => {
    const seen = await both(async (library) => {
      const published: object[] = [];
      class Account extends library.AggregateRoot {}
      const app = await start(library, []);
      app.get(library.EventBus).subscribe((event) => published.push(event));
      const account = app.get(library.EventPublisher).mergeObjectContext(new Account());
      account.autoCommit = true;
      account.loadFromHistory([new Ping()]);
      account.apply(new Pong());
      await app.close();
      return published.map((event) => event.constructor.name);
    });
    expect(seen).toEqual({ original: ['Ping', 'Pong'], moved: ['Pong'] });
  });

  it('has no Publishable and no WithAggregateRoot, and error classes of its own', () => {
    const missing = Object.keys(original).filter((name) => !(name in moved));
    expect(missing.toSorted()).toEqual([
      'ASYNC_CONTEXT_ATTRIBUTE',
      'InvalidCommandHandlerException',
      'InvalidEventsHandlerException',
      'InvalidQueryHandlerException',
      'InvalidSagaException',
      'Publishable',
      'UnsupportedSagaScopeException',
      'WithAggregateRoot',
    ]);
  });
});

async function failureOrResult(library: Library, providers: (new () => object)[]): Promise<unknown> {
  let result: unknown;
  const failure = await failureOf(async () => {
    const app = await start(library, providers);
    try {
      result = await app.get(library.CommandBus).execute(new Ping());
    } finally {
      await app.close();
    }
  });
  return result ?? failure;
}
