import { describe, expect, it } from '@jest/globals';
import {
  Command,
  DispatchError,
  Query,
  RemoteError,
  TaskRejectedNotification,
  UnserializableMessageError,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../dispatcher/application.js';
import { commandHandler, queryHandler } from '../../dispatcher/handlers.js';
import { collect, startQueued, until } from '../queued-application.js';

class PlaceOrder extends Command {
  constructor(readonly content?: unknown) {
    super();
  }
}
class GetOrder extends Query {
  constructor(readonly content: unknown) {
    super();
  }
}
class OutOfStockError extends DispatchError {
  readonly code = 'OUT_OF_STOCK';
}

const once = { queues: { defaults: { maxAttempts: 1 } } };
const placing = (execute: (command: PlaceOrder) => unknown) => commandHandler(PlaceOrder, execute);

describe('the result of a handler behind a queue', () => {
  it.each<[string, unknown]>([
    ['a text', 'placed'],
    ['null', null],
    ['nothing', undefined],
    ['a Date', new Date(0)],
    ['a bigint', 2n ** 64n],
    ['a Map', new Map<unknown, unknown>([['a', 1n]])],
    ['a Set', new Set([new Date(5)])],
    ['bytes', new Uint8Array([1, 2])],
    ['an object of all that', { lines: [{ at: new Date(1), count: 3n }], gaps: [undefined, Number.NaN] }],
  ])('reaches its caller as it is: %s', async (_what, content) => {
    const { dispatcher } = await startQueued({
      providers: [
        commandHandler(PlaceOrder, ({ content: given }) => Promise.resolve(given)),
        queryHandler(GetOrder, ({ content: given }) => given),
      ],
    });
    expect(await dispatcher.execute(new PlaceOrder(content))).toEqual(content);
    expect(await dispatcher.query(new GetOrder(content))).toEqual(content);
  });

  it('is a copy, and so is the message: nothing of it is shared', async () => {
    const kept: unknown[] = [];
    const content = { lines: [1] };
    const { dispatcher } = await startQueued({
      providers: [
        placing((command) => {
          kept.push(command.content);
          return command.content;
        }),
      ],
    });
    const result: unknown = await dispatcher.execute(new PlaceOrder(content));
    expect(kept).toEqual([content]);
    expect(kept[0]).not.toBe(content);
    expect(result).not.toBe(kept[0]);
  });

  it('parks the message where it cannot be written, since the handler has done its work', async () => {
    let callCount = 0;
    const { dispatcher, queues } = await startQueued({
      providers: [
        placing(() => {
          callCount += 1;
          return { send: () => 'a function' };
        }),
      ],
    });
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder(), { id: 'm1' }));
    expect(error).toMatchObject({ name: 'UnserializableMessageError', code: 'DISPATCH_UNSERIALIZABLE_MESSAGE' });
    expect(callCount).toBe(1);
    expect(await queues.parked('default', 'failed')).toMatchObject([{ id: 'm1', attempt: 1 }]);
  });

  it('parks the message where it is larger than maxPayloadBytes', async () => {
    const { dispatcher, queues } = await startQueued({
      options: { maxPayloadBytes: 1000 },
      providers: [placing(() => 'x'.repeat(1000)), queryHandler(GetOrder, () => 'short')],
    });
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder()));
    expect(error).toMatchObject({ code: 'DISPATCH_MESSAGE_TOO_LARGE' });
    expect(await queues.parked('default', 'failed')).toHaveLength(1);
    expect(await dispatcher.query(new GetOrder(1))).toBe('short');
  });
});

describe('the error of a handler behind a queue', () => {
  it('reaches its caller with name, message, code and stack', async () => {
    const failure = new OutOfStockError('No äpples left');
    const { dispatcher } = await startQueued({ options: once, providers: [placing(() => Promise.reject(failure))] });
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder()));
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ name: 'OutOfStockError', message: 'No äpples left', code: 'OUT_OF_STOCK' });
    expect((error as Error).stack).toBe(failure.stack);
  });

  it.each<[string, unknown, object]>([
    ['an error without a code', new RangeError('broken'), { name: 'RangeError', message: 'broken' }],
    ['a text', 'broken', { name: 'Error', message: 'broken' }],
    ['nothing', undefined, { name: 'Error', message: 'undefined' }],
  ])('has the code DISPATCH_REMOTE_ERROR where it has none: %s', async (_what, thrown, expected) => {
    const { dispatcher } = await startQueued({
      options: once,
      providers: [
        placing(() => {
          throw thrown;
        }),
      ],
    });
    const error = await rejectionOf(dispatcher.execute(new PlaceOrder()));
    expect(error).toMatchObject({ ...expected, code: 'DISPATCH_REMOTE_ERROR' });
  });

  it('is cut short where its text is longer than a store should keep', async () => {
    const failing = placing(() => Promise.reject(new RangeError('x'.repeat(10_000))));
    const { dispatcher } = await startQueued({ options: once, providers: [failing] });
    const error = (await rejectionOf(dispatcher.execute(new PlaceOrder()))) as Error;
    expect(error.message).toHaveLength(2000);
    expect(error.stack).toHaveLength(8000);
  });
});

describe('a message for a queue that cannot be written', () => {
  it.each<[string, unknown, string]>([
    ['a function', { callback: () => undefined }, 'DISPATCH_UNSERIALIZABLE_MESSAGE'],
    ['more than maxPayloadBytes', 'x'.repeat(1000), 'DISPATCH_MESSAGE_TOO_LARGE'],
  ])('is refused, and the next one is not: %s', async (_what, content, code) => {
    const application = await startQueued({ options: { maxPayloadBytes: 1000 }, providers: [placing(() => 'placed')] });
    const { dispatcher, queues } = application;
    const rejected = collect(application, TaskRejectedNotification);
    const refused = [
      dispatcher.execute(new PlaceOrder(content), { id: 'm1' }),
      dispatcher.send(new PlaceOrder(content)),
    ];
    expect(await Promise.all(refused.map(rejectionOf))).toMatchObject([{ code }, { code }]);
    expect(await dispatcher.execute(new PlaceOrder())).toBe('placed');
    expect(await queues.counts('default')).toMatchObject({ waiting: 0, completed: 1 });
    await until('the notifications', () => rejected.length === 2);
    expect(rejected).toMatchObject([{ messageId: 'm1', queue: 'default', error: { code } }, {}]);
  });

  it('names the place in the message', async () => {
    const { dispatcher } = await startQueued({ providers: [placing(() => 'placed')] });
    const error = await rejectionOf(dispatcher.send(new PlaceOrder({ callback: () => undefined })));
    expect(error).toBeInstanceOf(UnserializableMessageError);
    expect((error as Error).message).toContain('content.callback');
  });
});
