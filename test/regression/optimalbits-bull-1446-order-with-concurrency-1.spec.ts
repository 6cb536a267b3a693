import { describe, expect, it } from '@jest/globals';
import { Command, type HandlerContext } from 'nestjs-dispatch';

import { QUEUED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Step extends Command {
  constructor(
    readonly number: number,
    readonly failures = 0,
  ) {
    super();
  }
}

const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
const settings = { concurrency: 1, maxAttempts: 3, backoffMs: 20 };

// There, a concurrency of 1 was taken for a promise of order; a retry, and jobs added at once, break it.
describe.each(QUEUED_MODES)('the order of messages, $name (OptimalBits/bull#1446)', (mode) => {
  function recorder() {
    const done: number[] = [];
    const step = ({ number, failures }: Step, { attempt }: HandlerContext) => {
      if (attempt <= failures) throw new Error('not yet');
      done.push(number);
    };
    return { done, providers: [commandHandler(Step, step)] };
  }

  it('is that of sending, with one handler at a time and none that fails, also where all are sent at once', async () => {
    const { done, providers } = recorder();
    const { dispatcher } = await startIn(mode, { providers, settings });
    await Promise.all(numbers.map((number) => dispatcher.execute(new Step(number))));
    expect(done).toEqual(numbers);
  });

  it('is that of sending for one key, also where some are tried again', async () => {
    const { done, providers } = recorder();
    const { dispatcher } = await startIn(mode, { providers, settings });
    const failuresOf = (number: number) => (number % 3 === 1 ? 2 : 0);
    await Promise.all(
      numbers.map((number) => dispatcher.execute(new Step(number, failuresOf(number)), { key: 'one' })),
    );
    expect(done).toEqual(numbers);
  });

  it('is not that of sending without a key where one is tried again: it makes way for the others', async () => {
    const { done, providers } = recorder();
    const { dispatcher } = await startIn(mode, { providers, settings });
    await Promise.all(numbers.map((number) => dispatcher.execute(new Step(number, number === 1 ? 1 : 0))));
    expect(done.toSorted((one, other) => one - other)).toEqual(numbers);
    expect(done[0]).toBe(2);
  });
});
