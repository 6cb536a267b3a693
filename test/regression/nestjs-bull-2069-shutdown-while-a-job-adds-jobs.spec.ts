import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Command, Event, type HandlerContext } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';
import { deferred } from '../unit/dispatcher/deferred.js';
import { commandHandler, eventHandler } from '../unit/dispatcher/handlers.js';
import { until } from '../unit/run-modes/queued-application.js';

class Crawl extends Command<string> {}
class Fetch extends Command {
  constructor(readonly page: number) {
    super();
  }
}
class Crawled extends Event {}

// There, the queue closes while a job runs that still adds jobs to it: these are lost, and the job fails.
describe.each(SHARED_MODES)('a shutdown while a handler sends, $name (nestjs/bull#2069)', (mode) => {
  it('waits for the handler, and what it sends is stored and handled elsewhere', async () => {
    const [started, goOn] = [deferred(), deferred()];
    const handled: string[] = [];
    let crawls = 0;
    const crawl = async (_crawl: Crawl, context: HandlerContext) => {
      crawls += 1;
      started.resolve();
      await goOn.promise;
      for (const page of [1, 2, 3]) await context.send(new Fetch(page));
      await context.publish(new Crawled());
      return 'crawled';
    };
    const queue = newQueue();
    const providers = [
      commandHandler(Crawl, crawl),
      commandHandler(Fetch, ({ page }) => handled.push(`page ${page}`)),
      eventHandler(Crawled, () => handled.push('crawled')),
    ];
    const first = await startIn(mode, { queue, providers });
    const receipt = await first.dispatcher.send(new Crawl());
    await started.promise;
    const closed = first.app.close();
    // Time enough for a queue to close too early.
    expect(await Promise.race([closed.then(() => 'closed'), setTimeout(500, 'waiting')])).toBe('waiting');
    goOn.resolve();
    await closed;
    expect(handled).toEqual([]);
    const second = await startIn(mode, { queue, providers });
    await until('what was sent while closing', () => handled.length === 4);
    expect(handled.toSorted()).toEqual(['crawled', 'page 1', 'page 2', 'page 3']);
    expect(await second.dispatcher.receipt(receipt.id).result()).toBe('crawled');
    expect(crawls).toBe(1);
  });
});
