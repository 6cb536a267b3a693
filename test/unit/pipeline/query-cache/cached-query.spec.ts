import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import {
  CachedQuery,
  DispatchExecutionContext,
  Query,
  QueryCache,
  QueryHandler,
  type CachedQueryOptions,
} from 'nestjs-dispatch';

import { rejectionOf, start } from '../../dispatcher/application.js';
import { deferred } from '../../dispatcher/deferred.js';

class GetOrder extends Query<string> {
  constructor(
    readonly orderId: string,
    readonly unit?: unknown,
  ) {
    super();
  }

  validate(): string[] {
    return this.orderId === '' ? ['orderId must not be empty'] : [];
  }
}

type Act = (orderId: string, run: number) => string | Promise<string>;

async function startCaching(options: CachedQueryOptions<GetOrder, string>, guard?: CanActivate) {
  let act: Act = (orderId, run) => `${orderId} of run ${run}`;
  let runs = 0;
  @CachedQuery(options)
  @QueryHandler(GetOrder)
  class GetOrderHandler {
    async execute({ orderId }: GetOrder): Promise<string> {
      runs += 1;
      return act(orderId, runs);
    }
  }
  if (guard !== undefined) UseGuards(guard)(GetOrderHandler);
  // A handler that never ends is not waited for at the end.
  const application = await start({ providers: [GetOrderHandler], options: { drainTimeoutMs: 0 } });
  return {
    ...application,
    cache: application.app.get(QueryCache),
    get: (orderId: string, user?: string, tenant?: string) => {
      const headers = { ...(user !== undefined && { user }), ...(tenant !== undefined && { tenant }) };
      return application.dispatcher.query(new GetOrder(orderId), { headers });
    },
    does: (next: Act): void => void (act = next),
    runCount: () => runs,
  };
}

afterEach(() => void jest.useRealTimers());

const LONG = { ttlMs: 60_000 };

describe('a cached query', () => {
  it('that never ends, and whose time is over, holds up no other', async () => {
    const { dispatcher, does, get } = await startCaching(LONG);
    does(() => new Promise(() => undefined));
    const hung = rejectionOf(dispatcher.query(new GetOrder('7'), { timeoutMs: 5 }));
    expect(await hung).toMatchObject({ code: 'DISPATCH_HANDLER_TIMEOUT' });
    does(() => 'there');
    expect(await get('7')).toBe('there');
  });

  it('is run once for equal queries, one after the other and at once', async () => {
    const { get, runCount } = await startCaching(LONG);
    const [first, second] = await Promise.all([get('7'), get('7')]);
    expect([first, second, await get('7')]).toEqual(['7 of run 1', '7 of run 1', '7 of run 1']);
    expect(await get('8')).toBe('8 of run 2');
    expect(runCount()).toBe(2);
  });

  it('is run again when its time is over, and leaves no timer', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const { get } = await startCaching(LONG);
    await get('7');
    jest.advanceTimersByTime(59_999);
    expect(await get('7')).toBe('7 of run 1');
    jest.advanceTimersByTime(1);
    expect(await get('7')).toBe('7 of run 2');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('keeps tenants and users apart', async () => {
    const { get } = await startCaching(LONG);
    const results = [await get('7', 'ada'), await get('7', 'bob'), await get('7', 'ada', 'acme'), await get('7')];
    expect(new Set(results).size).toBe(4);
    expect(await get('7', 'ada', 'acme')).toBe('7 of run 3');
  });

  it('asks guards and rules each time', async () => {
    const asked: unknown[] = [];
    const guard: CanActivate = {
      canActivate(context: ExecutionContext) {
        const user = DispatchExecutionContext.from(context)?.getContext().headers.user;
        asked.push(user);
        return user === 'ada';
      },
    };
    const { get } = await startCaching({ ...LONG, key: () => 'all the same' }, guard);
    expect(await get('7', 'ada')).toBe('7 of run 1');
    expect(await get('7', 'ada')).toBe('7 of run 1');
    expect(await rejectionOf(get('7', 'bob'))).toMatchObject({ status: 403 });
    expect(await rejectionOf(get('', 'ada'))).toMatchObject({ code: 'DISPATCH_INVALID_MESSAGE' });
    expect(asked).toEqual(['ada', 'ada', 'bob']);
  });

  it('gives an error to those who wait for it, and runs again for the next', async () => {
    const { get, does, runCount } = await startCaching(LONG);
    does(() => Promise.reject(new RangeError('no such order')));
    const errors = await Promise.all([rejectionOf(get('7')), rejectionOf(get('7'))]);
    expect(errors).toEqual([new RangeError('no such order'), new RangeError('no such order')]);
    expect(runCount()).toBe(1);
    does(() => 'there');
    expect(await get('7')).toBe('there');
  });

  it('runs again for those who wait for one whose caller gave up', async () => {
    const { dispatcher, get, does } = await startCaching(LONG);
    const gate = deferred();
    does(async (_orderId, run) => {
      if (run > 1) return `run ${run}`;
      await gate.promise;
      throw new Error('given up');
    });
    const controller = new AbortController();
    const first = rejectionOf(dispatcher.query(new GetOrder('7'), { signal: controller.signal }));
    const second = get('7');
    controller.abort();
    gate.resolve();
    expect(await first).toMatchObject({ message: 'given up' });
    expect(await second).toBe('run 2');
  });

  it('keeps as many as it may, those asked for last', async () => {
    const { get } = await startCaching({ ...LONG, maxEntries: 2 });
    for (const orderId of ['1', '2', '1', '3']) await get(orderId);
    expect([await get('1'), await get('3'), await get('2')]).toEqual(['1 of run 1', '3 of run 3', '2 of run 4']);
  });

  it('is kept by a key of one’s own, of any length, and not at all without one', async () => {
    const key = ({ orderId }: GetOrder): string | undefined =>
      orderId === 'none' ? undefined : orderId.toLowerCase().padEnd(500);
    const { get } = await startCaching({ ...LONG, key });
    expect([await get('A'), await get('a'), await get('none'), await get('none')]).toEqual([
      'A of run 1',
      'A of run 1',
      'none of run 2',
      'none of run 3',
    ]);
  });

  it('is refused where its key says nothing, and where the query cannot be told from others', async () => {
    const { dispatcher, get } = await startCaching({ ...LONG, key: ({ unit }) => unit as string });
    expect(await rejectionOf(dispatcher.query(new GetOrder('7', 7)))).toMatchObject({
      code: 'DISPATCH_INVALID_QUERY_CACHE_KEY',
      message: 'The key of the cached query "GetOrder" is 7, not a text of at least 1 character.',
    });
    expect(await get('7')).toBe('7 of run 1');
    const other = await startCaching(LONG);
    const strange = other.dispatcher.query(new GetOrder('7', () => 1));
    expect(await rejectionOf(strange)).toMatchObject({ code: 'DISPATCH_UNSERIALIZABLE_MESSAGE' });
  });

  it('is given but not kept where its tags fail, which is logged', async () => {
    const tags = (): string[] => {
      throw new Error('no tags');
    };
    const { get, log } = await startCaching({ ...LONG, tags });
    expect([await get('7'), await get('7')]).toEqual(['7 of run 1', '7 of run 2']);
    expect(log.lines).toContain('warn The result of "GetOrder" is not kept, its tags have failed: no tags');
  });
});

describe('QueryCache', () => {
  it('drops by tag, by key, by class, and everything', async () => {
    const options = {
      ...LONG,
      key: ({ orderId }: GetOrder) => orderId,
      tags: ({ orderId }: GetOrder, result: string) => [`order-${orderId}`, result.slice(0, 1)],
    };
    const { cache, get, runCount } = await startCaching(options);
    for (const orderId of ['1', '2', '3', '4']) await get(orderId);
    expect(cache.invalidate({ tag: 'order-1' })).toBe(1);
    expect(cache.invalidate({ tag: 'order-1' })).toBe(0);
    expect(cache.invalidate('2')).toBe(1);
    await Promise.all(['1', '2', '3', '4'].map((orderId) => get(orderId)));
    expect(runCount()).toBe(6);
    expect(cache.invalidate({ message: Query })).toBe(0);
    expect(cache.invalidate({ message: GetOrder })).toBe(4);
    await get('1');
    expect(cache.clear()).toBe(1);
    await get('1');
    expect(runCount()).toBe(8);
  });

  it('does not keep what was begun before it was dropped, nor give it to who comes later', async () => {
    const { cache, get, does } = await startCaching({ ...LONG, tags: ({ orderId }) => [orderId] });
    const gate = deferred();
    does(async (_orderId, run) => {
      if (run === 1) await gate.promise;
      return `run ${run}`;
    });
    const before = get('7');
    await Promise.resolve();
    expect(cache.invalidate({ tag: '7' })).toBe(0);
    const after = get('7');
    gate.resolve();
    expect(await Promise.all([before, after])).toEqual(['run 1', 'run 2']);
    expect(await get('7')).toBe('run 2');
  });

  it('refuses what means no results', async () => {
    const { cache } = await startCaching(LONG);
    for (const wrong of ['', { tag: '' }, {}, { message: 'GetOrder' }, { tag: 'a', message: GetOrder }, GetOrder]) {
      expect(() => cache.invalidate(wrong as never)).toThrow(
        expect.objectContaining({ code: 'DISPATCH_INVALID_QUERY_CACHE_KEY' }),
      );
    }
  });
});
