import { describe, expect, it } from '@jest/globals';
import { Command, Event, Query, RunMode, type Dispatcher, type SendOptions } from 'nestjs-dispatch';

import { start } from './application.js';
import { commandHandler, eventHandler, queryHandler } from './handlers.js';

class PlaceOrder extends Command<string> {}
class GetOrder extends Query<string> {}
class OrderPlaced extends Event {}

const doors: [string, (dispatcher: Dispatcher, options: SendOptions) => Promise<unknown>][] = [
  ['execute', (dispatcher, options) => dispatcher.execute(new PlaceOrder(), options)],
  ['query', (dispatcher, options) => dispatcher.query(new GetOrder(), options)],
  ['publish', (dispatcher, options) => dispatcher.publish(new OrderPlaced(), options)],
  ['publishAll', (dispatcher, options) => dispatcher.publishAll([new OrderPlaced()], options)],
  ['publishAndWait', (dispatcher, options) => dispatcher.publishAndWait(new OrderPlaced(), options)],
];

async function startCounting() {
  const handled: string[] = [];
  const note = (message: object) => handled.push(message.constructor.name);
  const { dispatcher } = await start({
    providers: [commandHandler(PlaceOrder, note), queryHandler(GetOrder, note), eventHandler(OrderPlaced, note)],
  });
  return { dispatcher, handled };
}

describe.each(doors)('Dispatcher#%s', (_door, send) => {
  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    'refuses a time limit of %d ms and does not call the handler',
    async (timeoutMs) => {
      const { dispatcher, handled } = await startCounting();
      await expect(send(dispatcher, { timeoutMs })).rejects.toMatchObject({
        code: 'DISPATCH_INVALID_SEND_OPTIONS',
        problem: expect.stringContaining(`timeoutMs is ${timeoutMs}`),
      });
      expect(handled).toEqual([]);
    },
  );

  it.each<[string, object]>([
    ['an unknown option', { timeout: 5 }],
    ['an unknown run mode', { runMode: 'later' }],
  ])('refuses %s and does not call the handler', async (_what, options) => {
    const { dispatcher, handled } = await startCounting();
    await expect(send(dispatcher, options)).rejects.toMatchObject({
      code: 'DISPATCH_INVALID_SEND_OPTIONS',
      problem: expect.stringMatching(/"timeout" is unknown: there are runMode, |runMode is "later"/),
    });
    expect(handled).toEqual([]);
  });

  it('refuses RunMode.Async without a queue, naming the option to set', async () => {
    const { dispatcher, handled } = await startCounting();
    await expect(send(dispatcher, { runMode: RunMode.Async })).rejects.toMatchObject({
      code: 'DISPATCH_NO_QUEUE',
      message: expect.stringContaining('the option "queue" of DispatchModule.forRoot()'),
    });
    expect(handled).toEqual([]);
  });

  it('handles the next message after one it refused', async () => {
    const { dispatcher, handled } = await startCounting();
    await expect(send(dispatcher, { timeoutMs: -1 })).rejects.toThrow('was not sent');
    await send(dispatcher, { timeoutMs: 0, runMode: RunMode.Sync });
    expect(handled).toHaveLength(1);
  });
});
