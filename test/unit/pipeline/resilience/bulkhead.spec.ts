import { describe, expect, it } from '@jest/globals';
import {
  Bulkhead,
  BulkheadBehavior,
  Command,
  CommandHandler,
  Event,
  isDispatchError,
  SkipBehavior,
  UseBehaviors,
  type BulkheadOptions,
  type DispatchOptions,
  type MessageClass,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from '../../dispatcher/application.js';
import { deferred, type Deferred } from '../../dispatcher/deferred.js';
import { startQueued, until } from '../../run-modes/queued-application.js';

class Render extends Command<string> {
  constructor(readonly page = 0) {
    super();
  }
}
class Print extends Command<string> {}
class Unheard extends Event {}

interface Run extends Deferred<string> {
  readonly page: number | undefined;
}

/** A handler whose calls the test ends. */
function handlerOf(command: new () => object, options?: BulkheadOptions) {
  const runs: Run[] = [];
  @CommandHandler(command as MessageClass)
  class Handler {
    execute({ page }: { readonly page?: number }): Promise<string> {
      const end = deferred<string>();
      runs.push({ ...end, page });
      return end.promise;
    }
  }
  Object.defineProperty(Handler, 'name', { value: `${command.name}Handler` });
  if (options !== undefined) Bulkhead(options)(Handler);
  const begun = async (count: number): Promise<void> => {
    await until(`${count} to begin`, () => runs.length >= count);
    expect(runs).toHaveLength(count);
  };
  return { type: Handler, runs, begun };
}

async function startRendering(options?: BulkheadOptions, resilience?: DispatchOptions['resilience']) {
  const { type, ...rendering } = handlerOf(Render, options);
  return { ...(await start({ providers: [type], ...(resilience && { options: { resilience } }) })), ...rendering };
}

const isFull = async (call: Promise<unknown>): Promise<boolean> =>
  isDispatchError(await rejectionOf(call), 'DISPATCH_BULKHEAD_FULL');

describe('a bulkhead in the caller’s turn', () => {
  it('refuses who finds it full, and lets the next one in after one has ended, however it did', async () => {
    const { dispatcher, runs, begun } = await startRendering({ limit: 2 });
    const [first, second] = [dispatcher.execute(new Render()), dispatcher.execute(new Render())];
    await begun(2);
    const error = await rejectionOf(dispatcher.execute(new Render()));
    expect(error).toMatchObject({ code: 'DISPATCH_BULKHEAD_FULL', bulkhead: 'RenderHandler', limit: 2, queueLimit: 0 });
    runs[0]?.reject(new RangeError('no paper'));
    expect(await rejectionOf(first)).toBeInstanceOf(RangeError);
    const third = dispatcher.execute(new Render());
    await begun(3);
    runs[1]?.resolve('second');
    runs[2]?.resolve('third');
    expect(await Promise.all([second, third])).toEqual(['second', 'third']);
  });

  it('has as many wait as it says, in the order they came', async () => {
    const { dispatcher, runs, begun } = await startRendering({ limit: 1, queueLimit: 2 });
    const calls = [0, 1, 2].map((page) => dispatcher.execute(new Render(page)));
    await begun(1);
    expect(await isFull(dispatcher.execute(new Render(3)))).toBe(true);
    for (const index of [0, 1, 2]) {
      await begun(index + 1);
      runs[index]?.resolve(`page ${index}`);
    }
    expect(await Promise.all(calls)).toEqual(['page 0', 'page 1', 'page 2']);
    expect(runs.map(({ page }) => page)).toEqual([0, 1, 2]);
  });

  it('gives the place of a caller who gives up to another one', async () => {
    const { dispatcher, runs, begun } = await startRendering({ limit: 1, queueLimit: 1 });
    const first = dispatcher.execute(new Render(0));
    const controller = new AbortController();
    const gone = rejectionOf(dispatcher.execute(new Render(1), { signal: controller.signal }));
    await begun(1);
    controller.abort(new Error('no more'));
    expect(await gone).toMatchObject({ message: 'no more' });
    const third = dispatcher.execute(new Render(2));
    runs[0]?.resolve('first');
    await begun(2);
    runs[1]?.resolve('third');
    expect(await Promise.all([first, third])).toEqual(['first', 'third']);
    expect(runs.map(({ page }) => page)).toEqual([0, 2]);
  });

  it('counts a handler that goes on after its time limit until it ends', async () => {
    const { dispatcher, runs } = await startRendering({ limit: 1 });
    await rejectionOf(dispatcher.execute(new Render(), { timeoutMs: 5 }));
    expect(await isFull(dispatcher.execute(new Render()))).toBe(true);
    runs[0]?.resolve('late');
    await runs[0]?.promise;
    const next = dispatcher.execute(new Render());
    await until('the next one to begin', () => runs.length === 2);
    runs[1]?.resolve('next');
    expect(await next).toBe('next');
  });

  it('is one for all handlers that name it', async () => {
    const [rendering, printing] = [
      handlerOf(Render, { limit: 1, name: 'paper' }),
      handlerOf(Print, { limit: 1, name: 'paper' }),
    ];
    const { dispatcher } = await start({ providers: [rendering.type, printing.type] });
    const first = dispatcher.execute(new Render());
    await rendering.begun(1);
    expect(await isFull(dispatcher.execute(new Print()))).toBe(true);
    rendering.runs[0]?.resolve('done');
    await first;
  });

  it('comes from the module, one for each handler, and a message may be exempt', async () => {
    @SkipBehavior(BulkheadBehavior)
    class Exempt extends Command<string> {}
    const handlers = [Render, Print, Exempt].map((command) => handlerOf(command));
    const options = { resilience: { bulkhead: { limit: 1 } } };
    const { dispatcher } = await start({ providers: handlers.map(({ type }) => type), options });
    const calls = [new Render(), new Print(), new Exempt(), new Exempt()].map((message) => dispatcher.execute(message));
    await until('all to begin', () => handlers.flatMap(({ runs }) => runs).length === 4);
    expect(await isFull(dispatcher.execute(new Render()))).toBe(true);
    for (const { resolve } of handlers.flatMap(({ runs }) => runs)) resolve('done');
    expect(await Promise.all(calls)).toHaveLength(4);
  });
});

describe('a bulkhead behind a queue', () => {
  it('has messages wait, however many, and handles each once as its first attempt', async () => {
    const { type, runs } = handlerOf(Render, { limit: 2 });
    const options = { queues: { defaults: { concurrency: 5, maxAttempts: 1 } } };
    const { dispatcher } = await startQueued({ providers: [type], options });
    const calls = Array.from({ length: 10 }, (_, page) => dispatcher.execute(new Render(page)));
    for (let index = 0; index < 10; index++) {
      await until('one to begin', () => runs.length > index);
      expect(runs.length).toBeLessThanOrEqual(index + 2);
      runs[index]?.resolve('done');
    }
    expect(await Promise.all(calls)).toHaveLength(10);
    expect(runs).toHaveLength(10);
  });

  it('gives back at shutdown who waits, and lets finish what runs', async () => {
    const { type, runs, begun } = handlerOf(Render, { limit: 1 });
    const options = { queues: { defaults: { concurrency: 3 } }, drainTimeoutMs: 2000 };
    const { app, dispatcher } = await startQueued({ providers: [type], options });
    const settled = Promise.allSettled([1, 2, 3].map((page) => dispatcher.execute(new Render(page))));
    await begun(1);
    const closed = app.close();
    await until('closing to begin', () =>
      dispatcher.publish(new Unheard()).then(
        () => false,
        (error: unknown) => isDispatchError(error, 'DISPATCH_CLOSED'),
      ),
    );
    runs[0]?.resolve('done');
    await closed;
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(runs).toHaveLength(1);
  });
});

it.each<[string, Parameters<typeof startRendering>, string]>([
  ['no limit', [{} as BulkheadOptions], 'has @Bulkhead without "limit".'],
  ['a wrong limit', [{ limit: 0 }], 'has the option "limit", which is 0, not a whole number from 1.'],
  ['a wrong room', [{ limit: 1, queueLimit: -1 }], 'has the option "queueLimit", which is -1'],
  [
    'no limit of the module',
    [undefined, { bulkhead: {} as never }],
    '"resilience.bulkhead" of DispatchModule has no "limit".',
  ],
])('a bulkhead is refused at bootstrap with %s', async (_what, [options, resilience], text) => {
  const { type } = handlerOf(Render, options);
  const mistakes = await mistakesOf({ providers: [type], ...(resilience && { options: { resilience } }) });
  expect(mistakes.map((mistake) => mistake.text)).toEqual([expect.stringContaining(text)]);
});

it('a bulkhead is refused where two handlers say different ones of one name, and in @UseBehaviors', async () => {
  const [rendering, printing] = [
    handlerOf(Render, { limit: 1, name: 'paper' }),
    handlerOf(Print, { limit: 2, name: 'paper' }),
  ];
  UseBehaviors(BulkheadBehavior)(printing.type);
  const texts = (await mistakesOf({ providers: [rendering.type, printing.type] })).map(({ text }) => text).join('\n');
  expect(texts).toContain('both say how the bulkhead "paper" behaves');
  expect(texts).toContain('decorate the handler with @Bulkhead instead');
});
