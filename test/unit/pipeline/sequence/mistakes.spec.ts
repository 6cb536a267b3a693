import { describe, expect, it } from '@jest/globals';
import { InSequence, Query, QueryHandler, SequenceBehavior, UseBehaviors, type DispatchOptions } from 'nestjs-dispatch';

import { mistakesOf } from '../../dispatcher/application.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { FakeBackend } from '../../run-modes/fake-backend.js';
import { startQueued, until } from '../../run-modes/queued-application.js';
import { movingHandler, MoveStock } from './moving.js';

class DurableBackend extends FakeBackend {
  override readonly features = new Set(['durable', 'shared'] as const);
}

const functions = { key: () => 'a', sequence: () => 1 };

describe('a handler in sequence', () => {
  it.each<[string, object]>([
    ['MoveStockHandler (AppModule) has no function "key" in @InSequence.', { key: undefined }],
    ['has the option "sequence", which is "version", not a function.', { sequence: 'version' }],
    ['has the option "first", which is 0.5, not a whole number from', { first: 0.5 }],
    ['has the option "gapTimeoutMs", which is 0, not a whole number from 1 to', { gapTimeoutMs: 0 }],
    ['has the option "maxHeld", which is 0, not a whole number from 1 to', { maxHeld: 0 }],
    ['has the option "whenGap", which is "wait", not \'skip\' or \'fail\'.', { whenGap: 'wait' }],
    ['has the option "gap", which is unknown: the options are key,', { gap: 1 }],
  ])('is told of its mistakes at bootstrap: %s', async (text, options) => {
    const mistakes = await mistakesOf({ providers: [movingHandler(options).handler] });
    expect(mistakes).toEqual([{ rule: 'invalid-options', text: expect.stringContaining(text) }]);
  });

  it('is none of queries', async () => {
    class GetStock extends Query<number> {}
    @InSequence(functions)
    @QueryHandler(GetStock)
    class GetStockHandler {
      execute(): number {
        return 1;
      }
    }
    expect(await mistakesOf({ providers: [GetStockHandler] })).toEqual([
      { rule: 'invalid-options', text: expect.stringContaining('handles a query and is @InSequence') },
    ]);
  });

  it('is one that handles something', async () => {
    class Helper {}
    InSequence(functions)(Helper);
    expect(await mistakesOf({ providers: [Helper] })).toEqual([
      {
        rule: 'missing-message',
        text: expect.stringContaining('Helper (AppModule) has @InSequence and handles nothing'),
      },
    ]);
  });

  it('is made by its decorator and not by its behavior', async () => {
    const handler = commandHandler(MoveStock, () => 'moved');
    UseBehaviors(SequenceBehavior)(handler);
    expect(await mistakesOf({ providers: [handler] })).toEqual([
      { rule: 'unknown-behavior', text: expect.stringContaining('decorate the handler with @InSequence instead') },
    ]);
  });

  it('is warned of a store in memory where its queue outlives the process, once', async () => {
    const { handler } = movingHandler();
    const backend = new DurableBackend();
    const { dispatcher, log } = await startQueued({ providers: [handler], options: { queue: backend.factory } });
    for (const version of [1, 2]) {
      await dispatcher.send(new MoveStock('a', version));
      const { id = '', name = '', data } = backend.batches.flat().at(-1) ?? {};
      await backend.deliver({ id, name, data });
    }
    await until('the warning', () =>
      log.lines.some((line) => line.includes('is in sequence within this process only')),
    );
    expect(log.lines.filter((line) => line.includes('within this process only'))).toHaveLength(1);
  });
});

describe('the option "sequence"', () => {
  it.each<[string, unknown]>([
    ['has "memory" as its options: give an object.', 'memory'],
    ['has the option "store", which is an object without the method arrive().', { store: {} }],
    ['has the option "size", which is unknown: the options are store.', { size: 1 }],
  ])('is told of at bootstrap: %s', async (text, sequence) => {
    expect(await mistakesOf({ options: { sequence } as DispatchOptions })).toEqual([
      { rule: 'invalid-options', text: `The option "sequence" of DispatchModule ${text}` },
    ]);
  });
});
