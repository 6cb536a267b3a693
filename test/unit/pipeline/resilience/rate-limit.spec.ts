import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Command,
  CommandHandler,
  isDispatchError,
  memoryRateLimits,
  RateLimit,
  RateLimitBehavior,
  SkipBehavior,
  UseBehaviors,
  type DispatchOptions,
  type MessageClass,
  type RateLimitOptions,
  type RateLimitStore,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from '../../dispatcher/application.js';
import { startQueued } from '../../run-modes/queued-application.js';
import { FakeBackend } from '../../run-modes/fake-backend.js';

class SendMail extends Command<string> {
  constructor(readonly to = 'ada') {
    super();
  }
}
class SendLetter extends Command<string> {}

/** A handler that sends whatever it is given. */
function handlerOf(command: new () => object, options?: RateLimitOptions) {
  const sent: string[] = [];
  @CommandHandler(command as MessageClass)
  class Handler {
    execute(message: { readonly to?: string }): string {
      sent.push(message.to ?? '');
      return 'sent';
    }
  }
  Object.defineProperty(Handler, 'name', { value: `${command.name}Handler` });
  if (options !== undefined) RateLimit(options)(Handler);
  return { type: Handler, sent };
}

async function startMailing(options?: RateLimitOptions<SendMail>, resilience?: DispatchOptions['resilience']) {
  const mailing = handlerOf(SendMail, options);
  const application = await start({ providers: [mailing.type], ...(resilience && { options: { resilience } }) });
  return { ...application, sent: mailing.sent };
}

function useFakeTimers(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
}

afterEach(() => void jest.useRealTimers());

const RARE = { max: 2, durationMs: 60_000 };

describe('a limit in the caller’s turn', () => {
  it('refuses what comes too early, says when to come again, and lets the next one through then', async () => {
    useFakeTimers();
    const { dispatcher, sent } = await startMailing(RARE);
    await Promise.all([dispatcher.execute(new SendMail()), dispatcher.execute(new SendMail())]);
    const error = await rejectionOf(dispatcher.execute(new SendMail()));
    expect(isDispatchError(error, 'DISPATCH_RATE_LIMITED') && error).toMatchObject({
      limit: 'SendMailHandler',
      retryAfterMs: 30_000,
    });
    jest.advanceTimersByTime(30_000);
    expect(await dispatcher.execute(new SendMail())).toBe('sent');
    expect(sent).toHaveLength(3);
  });

  it('counts each key apart, and not what has none', async () => {
    const key = ({ to }: SendMail): string | undefined => (to === 'nobody' ? undefined : to);
    const { dispatcher } = await startMailing({ ...RARE, max: 1, key });
    for (const to of ['ada', 'bob', 'nobody', 'nobody']) await dispatcher.execute(new SendMail(to));
    expect(await rejectionOf(dispatcher.execute(new SendMail('ada')))).toMatchObject({ code: 'DISPATCH_RATE_LIMITED' });
  });

  it('has a caller wait who may, for no longer than that', async () => {
    useFakeTimers();
    const { dispatcher, sent } = await startMailing({ ...RARE, whenExceeded: 'wait', waitMs: 70_000 });
    const calls = ['a', 'b', 'c', 'd', 'e'].map((to) => dispatcher.execute(new SendMail(to)));
    const settled = Promise.allSettled(calls);
    await jest.advanceTimersByTimeAsync(29_999);
    expect(sent).toEqual(['a', 'b']);
    await jest.advanceTimersByTimeAsync(1);
    expect(sent).toEqual(['a', 'b', 'c']);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(sent).toEqual(['a', 'b', 'c', 'd']);
    expect((await settled).at(-1)).toMatchObject({ reason: { code: 'DISPATCH_RATE_LIMITED', retryAfterMs: 90_000 } });
  });

  it('ends the wait of a caller who gives up, and leaves no timer', async () => {
    useFakeTimers();
    const { dispatcher, sent } = await startMailing({ max: 1, durationMs: 20_000, whenExceeded: 'wait' });
    await dispatcher.execute(new SendMail());
    const controller = new AbortController();
    const waiting = rejectionOf(dispatcher.execute(new SendMail(), { signal: controller.signal }));
    await jest.advanceTimersByTimeAsync(0);
    controller.abort(new Error('no more'));
    expect(await waiting).toMatchObject({ message: 'no more' });
    expect([sent.length, jest.getTimerCount()]).toEqual([1, 0]);
  });

  it('does not call the handler where the store fails, nor where the key is none, and goes on after that', async () => {
    const memory = memoryRateLimits();
    let isDown = true;
    const cause = new Error('the store is down');
    const rateLimitStore: RateLimitStore = {
      isShared: false,
      take: (claim) => (isDown ? Promise.reject(cause) : memory.take(claim)),
    };
    const key = ({ to }: SendMail): string => (to === 'long' ? 'x'.repeat(1025) : (JSON.parse(to) as string));
    const { dispatcher, sent } = await startMailing({ max: 9, key }, { rateLimitStore });
    const error = await rejectionOf(dispatcher.execute(new SendMail('"ada"')));
    expect(isDispatchError(error, 'DISPATCH_RATE_LIMIT_UNAVAILABLE') && error.cause).toBe(cause);
    isDown = false;
    for (const to of ['7', 'long', '""']) {
      const wrong = await rejectionOf(dispatcher.execute(new SendMail(to)));
      expect(isDispatchError(wrong, 'DISPATCH_INVALID_RATE_LIMIT_KEY')).toBe(true);
    }
    expect(sent).toEqual([]);
    await dispatcher.execute(new SendMail('"ada"'));
    expect(sent).toEqual(['"ada"']);
  });
});

describe('a limit behind a queue', () => {
  it('gives what comes too early back for the time, one after the other, and what the store cannot count', async () => {
    useFakeTimers();
    const mailing = handlerOf(SendMail, { max: 1, durationMs: 30_000, whenExceeded: 'wait' });
    const backend = new FakeBackend();
    const memory = memoryRateLimits();
    let isDown = false;
    const rateLimitStore: RateLimitStore = {
      isShared: false,
      take: (claim) => (isDown ? Promise.reject(new Error('down')) : memory.take(claim)),
    };
    const { dispatcher } = await startQueued({
      options: { queue: backend.factory, resilience: { rateLimitStore } },
      providers: [mailing.type],
    });
    const deliver = async () => {
      await dispatcher.send(new SendMail());
      return { settled: await backend.deliver({ ...backend.batches.flat().at(-1) }) };
    };
    expect((await deliver()).settled).toMatchObject({ action: 'complete' });
    expect((await deliver()).settled).toEqual({ action: 'giveBack', delayMs: 30_000 });
    expect((await deliver()).settled).toEqual({ action: 'giveBack', delayMs: 60_000 });
    isDown = true;
    expect((await deliver()).settled).toEqual({ action: 'giveBack', delayMs: 1000 });
  });
});

describe('where a limit comes from', () => {
  it('is a name, that handlers of several messages share', async () => {
    const [mailing, writing] = [
      handlerOf(SendMail, { ...RARE, name: 'post' }),
      handlerOf(SendLetter, { ...RARE, name: 'post' }),
    ];
    const { dispatcher } = await start({ providers: [mailing.type, writing.type] });
    await dispatcher.execute(new SendMail());
    await dispatcher.execute(new SendLetter());
    expect(await rejectionOf(dispatcher.execute(new SendMail()))).toMatchObject({ limit: 'post' });
  });

  it('is the module, for each handler by itself, and a message may be exempt', async () => {
    @SkipBehavior(RateLimitBehavior)
    class Exempt extends Command<string> {}
    const handlers = [SendMail, SendLetter, Exempt].map((command) => handlerOf(command).type);
    const options = { resilience: { rateLimit: { max: 1, durationMs: 60_000 } } };
    const { dispatcher } = await start({ providers: handlers, options });
    for (const message of [new SendMail(), new SendLetter(), new Exempt(), new Exempt()]) {
      expect(await dispatcher.execute(message)).toBe('sent');
    }
    expect(await rejectionOf(dispatcher.execute(new SendMail()))).toMatchObject({ code: 'DISPATCH_RATE_LIMITED' });
  });

  it('is closed with the application, which closes all the same where that fails', async () => {
    let closed = 0;
    const close = () => {
      closed += 1;
      return Promise.reject(new Error('cannot close'));
    };
    const { app, log } = await startMailing(RARE, {
      rateLimitStore: { isShared: true, take: () => Promise.resolve(0), close },
    });
    await app.close();
    expect([closed, log.lines]).toEqual([1, ['warn Could not close the store of rate limits: cannot close']]);
  });

  it.each<[string, Parameters<typeof startMailing>, string]>([
    ['no max', [{} as RateLimitOptions<SendMail>], 'has @RateLimit without "max".'],
    ['a wrong max', [{ max: 0.5 }], 'has the option "max", which is 0.5, not a whole number from 1.'],
    ['a wrong time', [{ max: 1, durationMs: 0 }], 'which is 0, not a whole number from 1 to 2147483647.'],
    ['a wrong way', [{ max: 1, whenExceeded: 'drop' as 'wait' }], `which is "drop", not 'wait' or 'reject'.`],
    ['a wrong wait', [{ max: 1, waitMs: -1 }], 'has the option "waitMs", which is -1'],
    ['no function', [{ max: 1, key: 'user' as never }], 'has the option "key", which is "user", not a function.'],
    ['no store', [RARE, { rateLimitStore: {} as never }], 'which is an object without the method take().'],
    [
      'no max for the module',
      [RARE, { rateLimit: {} as never }],
      '"resilience.rateLimit" of DispatchModule has no "max".',
    ],
  ])('is refused at bootstrap with %s', async (_what, [options, resilience], text) => {
    const mistakes = await mistakesOf({
      providers: [handlerOf(SendMail, options).type],
      ...(resilience && { options: { resilience } }),
    });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]?.text).toContain(text);
  });

  it('is refused where two handlers say different limits of one name, and in @UseBehaviors', async () => {
    const [mailing, writing] = [
      handlerOf(SendMail, { max: 1, name: 'post' }),
      handlerOf(SendLetter, { max: 2, name: 'post' }),
    ];
    UseBehaviors(RateLimitBehavior)(mailing.type);
    const texts = (await mistakesOf({ providers: [mailing.type, writing.type] })).map(({ text }) => text).join('\n');
    expect(texts).toContain('both say how the rate limit "post" behaves, and not the same: say it in one place.');
    expect(texts).toContain('decorate the handler with @RateLimit instead');
  });
});

describe('limits in memory', () => {
  it('forget the key that was not asked for the longest, where there are too many', async () => {
    const store = memoryRateLimits({ maxKeys: 2 });
    const take = (key: string) => store.take({ key, max: 1, durationMs: 60_000, comesAgainWithinMs: 0 });
    expect([await take('a'), await take('b')]).toEqual([0, 0]);
    expect(await take('a')).toBeGreaterThan(0);
    expect(await take('c')).toBe(0);
    expect([(await take('a')) > 0, await take('b')]).toEqual([true, 0]);
  });

  it.each([0, 1.5, '7'])('refuse %p keys', (maxKeys) => {
    expect(() => memoryRateLimits({ maxKeys: maxKeys as number })).toThrow(
      expect.objectContaining({ code: 'DISPATCH_INVALID_RATE_LIMIT_OPTIONS' }),
    );
  });
});
