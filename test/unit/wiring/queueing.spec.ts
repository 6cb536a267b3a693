import { afterEach, describe, expect, it } from '@jest/globals';
import { Command, Event, inMemoryQueue, Queues, RunMode, type DispatchOptions } from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from '../dispatcher/application.js';
import { commandHandler, eventHandler } from '../dispatcher/handlers.js';
import { FakeBackend } from '../run-modes/fake-backend.js';

class PlaceOrder extends Command<string> {}
class OrderPlaced extends Event {}

/** Options as a program without types gives them. */
const untyped = (options: Record<string, unknown>): DispatchOptions => options;
const queue = inMemoryQueue();

describe('an option that concerns queues', () => {
  it.each<[Record<string, unknown>, string]>([
    [
      { queue: 'redis' },
      'The option "queue" of DispatchModule is "redis": give inMemoryQueue(), bullmq() or bullmqPostgres().',
    ],
    [{ queues: 'orders' }, 'The option "queues" of DispatchModule is "orders", not an object.'],
    [
      { queues: { name: 'a' } },
      '"queues" of DispatchModule has the unknown name "name": there are default, only, except,',
    ],
    [
      { queues: { default: 'a b' } },
      'has as default what cannot be: "a b" is no name of a queue: use 1 to 100 letters,',
    ],
    [{ queues: { only: 'orders' } }, 'has "only" as "orders", not a list of names.'],
    [{ queues: { except: ['a:b'] } }, 'has in "except" what cannot be: "a:b" is no name'],
    [
      { queues: { defaults: { concurrency: 0 } } },
      'has "defaults", which has concurrency 0, not a whole number from 1.',
    ],
    [{ queues: { each: ['orders'] } }, 'has "each" as an array, not an object.'],
    [{ queues: { each: { 'a b': {} } } }, 'has in "each" what cannot be: "a b" is no name'],
    [
      { queues: { each: { a: { concurency: 3 } } } },
      'has the queue "a", which has the unknown option "concurency": there are concurrency,',
    ],
    [{ queues: { each: { a: { lanes: 257 } } } }, 'which has lanes 257, not a whole number from 0 to 256.'],
    [
      { queues: { each: { a: { lockMs: 99 } } } },
      'which has lockMs 99, not a number of milliseconds from 100 to 2147483647.',
    ],
    [{ queues: { each: { a: { backoffMs: '1s' } } } }, 'which has backoffMs "1s", not a number of milliseconds from 0'],
    [{ queues: { each: { a: { timeoutMs: -1 } } } }, 'which has timeoutMs -1, not a number of milliseconds from 0'],
    [{ queues: { each: { a: { rateLimit: { max: 0 } } } } }, 'not { max, durationMs } with numbers from 1.'],
    [{ queues: { each: { a: { keepCompleted: { count: -1 } } } } }, 'not { count, ageMs } with numbers from 0.'],
    [{ queues: { defaults: { sequenced: 'yes' } } }, 'has "defaults", which has sequenced "yes", not true or false.'],
    [
      { queues: { each: { a: { sequenced: true, lanes: 0 } } } },
      'has the queue "a", which is sequenced with lanes 0, where no message has a key.',
    ],
    [{ queues: { each: { a: 7 } } }, 'has the queue "a", which is 7, not an object.'],
    [{ role: 'worker' }, 'The option "role" is "worker", not send, work or both.'],
    [{ routes: {} }, 'The option "routes" of DispatchModule is an object, not a list of rules.'],
    [{ routes: ['orders'] }, 'routes[0] of DispatchModule is "orders", not { messages, queue, runMode }.'],
    [
      { routes: [{ message: PlaceOrder }] },
      'routes[0] of DispatchModule has the unknown name "message": there are messages,',
    ],
    [{ routes: [{ messages: [] }] }, 'routes[0] of DispatchModule has messages'],
    [{ routes: [{ messages: PlaceOrder }] }, 'not a list of classes and names.'],
    [
      { routes: [{ messages: [undefined] }] },
      'names undefined as a message: give a class or a name; a class that is undefined here comes',
    ],
    [{ routes: [{ messages: [PlaceOrder, 7] }] }, 'names 7 as a message: give a class or a name'],
    ...['', 'orders..place', 'orders.', '.orders', 'orders.**', 'ord*', '#.orders', 'a.>.b', 'orders.#.#'].map(
      (pattern): [Record<string, unknown>, string] => [
        { routes: [{ messages: ['a'] }, { messages: [PlaceOrder, pattern] }] },
        `routes[1] of DispatchModule names a message by what cannot be: "${pattern}" is no pattern for names: between`,
      ],
    ),
    [{ routes: [{ messages: ['a'], queue: 'a b' }] }, 'has a queue that cannot be: "a b" is no name'],
    [{ routes: [{ messages: ['a'], runMode: 'fast' }] }, 'has runMode "fast", not RunMode.Sync or RunMode.Async.'],
    [
      { routes: [{ messages: ['a'], priority: 'urgent' }] },
      "has priority \"urgent\", not 'high', 'normal', 'low' or a number from 1.",
    ],
    [
      { messages: ['OrderPlaced'] },
      'The option "messages" of DispatchModule is an array, not a list of message classes.',
    ],
    [
      { queueHealth: { maxwaiting: 1 } },
      '"queueHealth" of DispatchModule has the unknown name "maxwaiting": there are maxWaiting, maxFailed, everyMs.',
    ],
    [{ queueHealth: { everyMs: '30s' } }, 'has everyMs "30s", not a number from 0 to 2147483647.'],
  ])('is refused: %p', async (options, text) => {
    const mistakes = await mistakesOf({ options: untyped({ queue, ...options }) });
    expect(mistakes).toEqual([{ rule: 'invalid-options', text: expect.stringContaining(text) }]);
  });

  it('is refused together with all others, and with what handlers ask for', async () => {
    const mistakes = await mistakesOf({
      options: untyped({
        role: 'none',
        queues: { only: [''] },
        routes: [{ messages: ['a'], queue: 'b' }],
        queueHealth: { maxFailed: -1 },
      }),
      providers: [commandHandler(PlaceOrder, () => 'placed', { queue: 'orders' })],
    });
    const rules = ['invalid-options', 'invalid-options', 'invalid-options', 'missing-queue', 'missing-queue'];
    expect(mistakes.map(({ rule }) => rule).toSorted()).toEqual(rules);
  });
});

describe('RunMode.Async without the option "queue"', () => {
  it.each<[string, DispatchOptions, object, string]>([
    ['the module', { runMode: RunMode.Async }, {}, 'DispatchModule asks for RunMode.Async'],
    [
      'a rule by its run mode',
      { routes: [{ messages: ['a'], runMode: RunMode.Async }] },
      {},
      'routes[0] of DispatchModule asks',
    ],
    [
      'a rule by its queue',
      { routes: [{ messages: ['a'] }, { messages: ['b'], queue: 'b' }] },
      {},
      'routes[1] of DispatchModule asks',
    ],
    ['a handler by its run mode', {}, { runMode: RunMode.Async }, 'PlaceOrderHandler (AppModule) asks'],
    ['a handler by its queue', {}, { queue: 'orders' }, 'PlaceOrderHandler (AppModule) asks'],
  ])('is a mistake of %s', async (_level, options, handler, text) => {
    const mistakes = await mistakesOf({ options, providers: [commandHandler(PlaceOrder, () => 'placed', handler)] });
    expect(mistakes).toEqual([{ rule: 'missing-queue', text: expect.stringContaining(text) }]);
    expect(mistakes[0]?.text).toContain('needs the option "queue" of DispatchModule.forRoot()');
  });

  it('is none where a queue is named for another time only', async () => {
    const handler = commandHandler(PlaceOrder, () => 'placed', { queue: 'orders', runMode: RunMode.Sync });
    const { dispatcher } = await start({ providers: [handler] });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });
});

describe('the queues of an application', () => {
  it('are those that its options, its rules and its handlers name', async () => {
    const { app } = await start({
      options: { queue, queues: { default: 'main', each: { bulk: {} } }, routes: [{ messages: ['a'], queue: 'far' }] },
      providers: [
        commandHandler(PlaceOrder, () => 'placed', { queue: 'orders' }),
        eventHandler(OrderPlaced, () => undefined, { runMode: RunMode.Async }),
      ],
    });
    expect(app.get(Queues).names.toSorted()).toEqual(['bulk', 'far', 'main', 'orders']);
  });

  it('cannot have a name that a store does not take, also where a handler names it', async () => {
    const handler = commandHandler(PlaceOrder, () => 'placed', { queue: 'orders:eu' });
    expect(await mistakesOf({ options: { queue }, providers: [handler] })).toEqual([
      { rule: 'invalid-options', text: expect.stringContaining('"orders:eu" is no name of a queue') },
    ]);
  });

  it('are refused by a backend whose own options are wrong', async () => {
    const failing = start({ options: { queue: inMemoryQueue({ consumers: 0 }) } });
    expect(await rejectionOf(failing)).toMatchObject({ code: 'DISPATCH_INVALID_QUEUE_OPTIONS' });
  });
});

describe('the role of a process', () => {
  const saved = { ...process.env };
  afterEach(() => {
    for (const name of ['DISPATCH_ROLE', 'DISPATCH_QUEUES_ONLY', 'DISPATCH_QUEUES_EXCEPT']) {
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    }
  });

  async function workedOn(options: DispatchOptions, env: Record<string, string> = {}): Promise<string[]> {
    Object.assign(process.env, env);
    const backend = new FakeBackend();
    const queues = { ...options.queues, each: { orders: {}, mail: {} } };
    await start({ options: { ...options, queue: backend.factory, queues } });
    return backend.consumed.toSorted();
  }

  it.each<[string, DispatchOptions, Record<string, string>, string[]]>([
    ['all queues by default', {}, {}, ['default', 'mail', 'orders']],
    ['all queues as a worker', { role: 'work' }, {}, ['default', 'mail', 'orders']],
    ['none where it only sends', { role: 'send' }, {}, []],
    ['only those named', { queues: { only: ['mail'] } }, {}, ['mail']],
    ['all but those named', { queues: { except: ['mail'] } }, {}, ['default', 'orders']],
    ['those named in both ways', { queues: { only: ['mail', 'orders'], except: ['mail'] } }, {}, ['orders']],
    ['none, by the environment', { role: 'both' }, { DISPATCH_ROLE: 'send' }, []],
    ['what the options say where the environment is empty', { role: 'send' }, { DISPATCH_ROLE: '' }, []],
    [
      'only those named by the environment',
      { queues: { only: ['mail'] } },
      { DISPATCH_QUEUES_ONLY: 'orders, default' },
      ['default', 'orders'],
    ],
    ['all but those named by the environment', {}, { DISPATCH_QUEUES_EXCEPT: ' mail ,,' }, ['default', 'orders']],
    [
      'what the options say where the environment names none',
      { queues: { only: ['mail'] } },
      { DISPATCH_QUEUES_ONLY: ' , ' },
      ['mail'],
    ],
  ])('has it work on %s', async (_what, options, env, expected) => {
    expect(await workedOn(options, env)).toEqual(expected);
  });

  it.each<[DispatchOptions, Record<string, string>, string]>([
    [{}, { DISPATCH_ROLE: 'worker' }, 'The environment variable DISPATCH_ROLE is "worker", not send, work or both.'],
    [
      { queues: { only: ['oders'] } },
      {},
      '"only" or "except" names the queue "oders", which nothing uses: there are orders, mail, default.',
    ],
    [{}, { DISPATCH_QUEUES_EXCEPT: 'oders' }, 'names the queue "oders", which nothing uses'],
    [
      { role: 'work', queues: { except: ['orders', 'mail', 'default'] } },
      {},
      'The role of this process is "work", and it works on no queue: there are orders,',
    ],
  ])('is refused where it cannot be: %j with %j', async (options, env, text) => {
    Object.assign(process.env, env);
    const queues = { ...options.queues, each: { orders: {}, mail: {} } };
    expect(await mistakesOf({ options: { ...options, queue, queues } })).toEqual([
      { rule: 'invalid-options', text: expect.stringContaining(text) },
    ]);
  });

  it.each<[DispatchOptions, Record<string, string>]>([
    [{ role: 'send' }, {}],
    [{}, { DISPATCH_ROLE: 'send' }],
  ])('cannot be to send only where no other process sees the queue: %j with %j', async (options, env) => {
    Object.assign(process.env, env);
    const text = expect.stringMatching(
      /^The role of this process is "send", and no other process sees its queues \(memory\): nobody would handle what/,
    );
    expect(await mistakesOf({ options: { ...options, queue } })).toEqual([{ rule: 'unshared-queue', text }]);
  });

  it('may be to send only where there is no queue', async () => {
    const { dispatcher } = await start({
      options: { role: 'send' },
      providers: [commandHandler(PlaceOrder, () => 'placed')],
    });
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
  });

  it('does not keep handlers that only send from being sent to', async () => {
    const backend = new FakeBackend();
    const { dispatcher } = await start({
      options: { queue: backend.factory, role: 'send' },
      providers: [commandHandler(PlaceOrder, () => 'placed', { queue: 'orders' })],
    });
    const receipt = await dispatcher.send(new PlaceOrder(), { id: 'm1' });
    expect(receipt.id).toBe('m1@orders');
  });
});
