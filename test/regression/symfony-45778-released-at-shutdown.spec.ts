import { describe, expect, it } from '@jest/globals';
import { Command, type HandlerContext } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { deferred } from '../unit/dispatcher/deferred.js';
import { commandHandler } from '../unit/dispatcher/handlers.js';

class Work extends Command<string> {}

/** Longer than the test takes: whatever waits for the end of a lock fails it. */
const LOCK_MS = 60_000;
const IDS = Array.from({ length: 20 }, (_, index) => `m${index}`);

// There, messages that a worker has fetched and not begun stay invisible until their time is over.
describe.each(SHARED_MODES)('a worker that shuts down with messages before it, $name (symfony#45778)', (mode) => {
  it('ends what it has begun, and leaves the rest to others at once, uncounted', async () => {
    const [started, goOn] = [deferred(), deferred()];
    const runs: string[] = [];
    const worker = (name: string, isGated: boolean) =>
      commandHandler(Work, async (_work: Work, { id, attempt }: HandlerContext) => {
        runs.push(`${id} ${attempt}`);
        if (!isGated) return name;
        if (runs.length === 2) started.resolve();
        await goOn.promise;
        return name;
      });
    const setup = { queue: newQueue(), settings: { lockMs: LOCK_MS, concurrency: 2, keepCompleted: { count: 100 } } };
    const ending = await startIn(mode, { ...setup, providers: [worker('first', true)] });
    const sent = await Promise.all(IDS.map((id) => ending.dispatcher.send(new Work(), { id })));
    await started.promise;
    const closed = ending.app.close();
    goOn.resolve();
    await closed;

    const { dispatcher } = await startIn(mode, { ...setup, providers: [worker('second', false)] });
    const results = await Promise.all(sent.map(({ id }) => dispatcher.receipt(id).result()));
    expect(results.filter((name) => name === 'first')).toHaveLength(2);
    expect(results.filter((name) => name === 'second')).toHaveLength(IDS.length - 2);
    expect(runs.toSorted()).toEqual(IDS.map((id) => `${id} 1`).toSorted());
  });
});
