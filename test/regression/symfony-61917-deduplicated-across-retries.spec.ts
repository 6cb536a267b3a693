import { describe, expect, it } from '@jest/globals';
import { Command, TaskRetriedNotification, type HandlerContext } from 'nestjs-dispatch';

import { QUEUED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';
import { collect, until } from '../unit/run-modes/queued-application.js';

class Sync extends Command<string> {}

const OPTIONS = { deduplicationId: 'account-1' };

// There, the lock is released with the first failure, so a second message comes in between two attempts of the first.
describe.each(QUEUED_MODES)('a message that is to be tried again, $name (symfony#61917)', (mode) => {
  it('keeps its deduplication id until its last attempt is over', async () => {
    const attempts: string[] = [];
    const sync = (_sync: Sync, { id, attempt }: HandlerContext) => {
      attempts.push(`${id} ${attempt}`);
      if (attempt < 3) throw new RangeError('busy');
      return `by ${id}`;
    };
    const settings = { maxAttempts: 3, backoffMs: 150, maxBackoffMs: 150 };
    const application = await startIn(mode, { settings, providers: [commandHandler(Sync, sync)] });
    const { dispatcher } = application;
    const retries = collect(application, TaskRetriedNotification);
    const first = await dispatcher.send(new Sync(), { ...OPTIONS, id: 'first' });
    const between = [];
    for (const count of [1, 2]) {
      await until(`retry ${count}`, () => retries.length === count);
      between.push(await dispatcher.send(new Sync(), { ...OPTIONS, id: `between-${count}` }));
    }
    expect(await Promise.all([first, ...between].map((receipt) => receipt.result()))).toEqual(
      Array.from({ length: 3 }, () => 'by first'),
    );
    expect(attempts).toEqual(['first 1', 'first 2', 'first 3']);

    const next = await dispatcher.send(new Sync(), { ...OPTIONS, id: 'next' });
    expect(await next.result()).toBe('by next');
  });
});
