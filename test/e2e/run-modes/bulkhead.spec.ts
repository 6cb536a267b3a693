import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import { Bulkhead, Command, CommandHandler, type HandlerContext } from 'nestjs-dispatch';

import { MODES, startIn } from './modes.js';
import { Journal } from './orders.js';

const COUNT = 12;

class Render extends Command<number> {
  constructor(readonly page: number) {
    super();
  }
}

@Bulkhead({ limit: 2, queueLimit: COUNT })
@CommandHandler(Render)
class RenderHandler {
  private running = 0;

  constructor(@Inject(Journal) private readonly journal: Journal) {}

  async execute({ page }: Render, { attempt }: HandlerContext): Promise<number> {
    this.running += 1;
    this.journal.note(attempt, this.running);
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    this.running -= 1;
    return page;
  }
}

describe.each(MODES)('a bulkhead, through $name', (mode) => {
  it('lets no more calls run at once than it has room for, and each of them once', async () => {
    const settings = { concurrency: 6 };
    const { app, dispatcher } = await startIn(mode, { providers: [Journal, RenderHandler], settings });
    const pages = Array.from({ length: COUNT }, (_, page) => page);
    expect(await Promise.all(pages.map((page) => dispatcher.execute(new Render(page))))).toEqual(pages);
    const { entries } = app.get(Journal);
    expect(entries).toHaveLength(COUNT);
    expect(new Set(entries)).toEqual(new Set(['1 1', '1 2']));
  });
});
