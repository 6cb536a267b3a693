import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Behavior,
  CachedQuery,
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  InvalidatesQueries,
  Query,
  QueryHandler,
  QueryInvalidationBehavior,
  UseBehaviors,
  type CachedQueryOptions,
  type HandlerContext,
  type Next,
  type PipelineBehavior,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from '../../dispatcher/application.js';
import { startQueued } from '../../run-modes/queued-application.js';

let stock = 0;

class GetStock extends Query<number> {
  constructor(readonly item = 'tea') {
    super();
  }
}

@CachedQuery({ ttlMs: 60_000, tags: ({ item }: GetStock) => [item] })
@QueryHandler(GetStock)
class GetStockHandler {
  async execute(): Promise<number> {
    return stock;
  }
}

class AddStock extends Command {
  constructor(
    readonly item: string,
    readonly flaw?: 'handler' | 'rule',
  ) {
    super();
  }
}

@InvalidatesQueries(({ item, flaw }: AddStock) => (flaw === 'rule' ? ({} as never) : [{ tag: item }]))
@CommandHandler(AddStock)
class AddStockHandler {
  async execute({ flaw }: AddStock): Promise<void> {
    stock += 1;
    if (flaw === 'handler') throw new Error('no room');
  }
}

@InvalidatesQueries({ message: GetStock })
class StockCounted extends Event {}

@EventsHandler(StockCounted)
class StockCountedListener {
  async handle(): Promise<void> {
    stock += 1;
  }
}

const providers = [GetStockHandler, AddStockHandler, StockCountedListener];

describe('a handler that invalidates queries', () => {
  it('has them run again once it has succeeded, those that are meant', async () => {
    const { dispatcher } = await start({ providers });
    const before = await dispatcher.query(new GetStock());
    await dispatcher.execute(new AddStock('coffee'));
    expect(await dispatcher.query(new GetStock())).toBe(before);
    await dispatcher.execute(new AddStock('tea'));
    expect(await dispatcher.query(new GetStock())).toBe(before + 2);
    await dispatcher.publishAndWait(new StockCounted());
    expect(await dispatcher.query(new GetStock())).toBe(before + 3);
  });

  it('does so behind a queue too', async () => {
    const { dispatcher } = await startQueued({ providers });
    const before = await dispatcher.query(new GetStock());
    expect(await dispatcher.query(new GetStock())).toBe(before);
    await dispatcher.execute(new AddStock('tea'));
    expect(await dispatcher.query(new GetStock())).toBe(before + 1);
  });

  it('leaves them where it fails', async () => {
    const { dispatcher } = await start({ providers });
    const before = await dispatcher.query(new GetStock());
    await rejectionOf(dispatcher.execute(new AddStock('tea', 'handler')));
    expect(await dispatcher.query(new GetStock())).toBe(before);
  });

  it('has succeeded all the same where the rule is wrong, which is logged', async () => {
    const { dispatcher, log } = await start({ providers });
    await dispatcher.execute(new AddStock('tea', 'rule'), { id: 'm1' });
    expect(log.lines).toEqual([
      'error "AddStock" (m1) was handled, and could not drop results of queries: What is to be invalidated is an object, not a key, { tag } or { message } with a class.',
    ]);
  });

  it('does so after everything around it, such as the end of a transaction', async () => {
    const seen: unknown[] = [];
    @Injectable()
    @Behavior({ appliesTo: 'all', kinds: ['command'] })
    class Transaction implements PipelineBehavior {
      async handle(context: HandlerContext, next: Next): Promise<unknown> {
        const result = await next();
        // Another one reads, and has the old result kept, before this one is committed.
        seen.push(await context.query(new GetStock()));
        return result;
      }
    }
    const { dispatcher } = await start({ providers: [...providers, Transaction] });
    const before = await dispatcher.query(new GetStock());
    await dispatcher.execute(new AddStock('tea'));
    expect(seen).toEqual([before]);
    expect(await dispatcher.query(new GetStock())).toBe(before + 1);
  });
});

describe('a cache is refused at bootstrap', () => {
  it.each<[string, CachedQueryOptions, string]>([
    ['without a time', {} as CachedQueryOptions, 'has @CachedQuery without "ttlMs".'],
    ['with a wrong time', { ttlMs: 0 }, 'has the option "ttlMs", which is 0, not a whole number from 1.'],
    ['with no room', { ttlMs: 1, maxEntries: 0 }, 'has the option "maxEntries", which is 0'],
    ['with a key that is no function', { ttlMs: 1, key: 'id' as never }, 'which is "id", not a function.'],
    ['with tags that are no function', { ttlMs: 1, tags: ['a'] as never }, 'which is an array, not a function.'],
  ])('%s', async (_what, options, text) => {
    @CachedQuery(options)
    @QueryHandler(GetStock)
    class Handler {
      async execute(): Promise<number> {
        return 1;
      }
    }
    const mistakes = await mistakesOf({ providers: [Handler] });
    expect(mistakes.map((mistake) => mistake.text)).toEqual([expect.stringContaining(text)]);
  });

  it('on a message, told once for all its handlers', async () => {
    @InvalidatesQueries('')
    class Counted extends Event {}
    @EventsHandler(Counted)
    class One {
      handle(): void {}
    }
    @EventsHandler(Counted)
    class Other {
      handle(): void {}
    }
    const mistakes = await mistakesOf({ providers: [One, Other] });
    const text = 'The message Counted has "", not a key, { tag } or { message } with a class in @InvalidatesQueries.';
    expect(mistakes).toEqual([{ rule: 'invalid-options', text }]);
  });

  it('on a handler of commands, and what invalidates on one of queries, with a rule that means nothing', async () => {
    @CachedQuery({ ttlMs: 1 })
    @UseBehaviors(QueryInvalidationBehavior)
    @InvalidatesQueries('', { tag: 7 as never })
    @CommandHandler(AddStock)
    class Handler {
      async execute(): Promise<void> {}
    }
    @InvalidatesQueries({ tag: 'tea' })
    @QueryHandler(GetStock)
    class Reader {
      async execute(): Promise<number> {
        return 1;
      }
    }
    const texts = (await mistakesOf({ providers: [Handler, Reader] })).map(({ text }) => text).join('\n');
    expect(texts).toContain('Handler (AppModule) has @CachedQuery, which is for queries.');
    expect(texts).toContain('has "", not a key, { tag } or { message } with a class in @InvalidatesQueries.');
    expect(texts).toContain('has an object, not a key, { tag } or { message } with a class in @InvalidatesQueries.');
    expect(texts).toContain('handles a query and has @InvalidatesQueries, which is for commands and events.');
    expect(texts).toContain('decorate the handler with @InvalidatesQueries instead');
  });
});
