import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Command, CommandHandler, MessageContext, type HandlerContext } from 'nestjs-dispatch';

import { SHARED_MODES, startIn, newQueue } from '../e2e/run-modes/modes.js';

class Import extends Command<string> {}

/** What a request-scoped provider knows of the message it is made for. */
@Injectable({ scope: Scope.REQUEST })
class Tenant {
  constructor(@Inject(REQUEST) private readonly request: MessageContext) {}

  get name(): string {
    return this.request.headers.tenant ?? 'nobody';
  }
}

/** Each message has its own attempts, and each attempt its own scope. */
@CommandHandler(Import, { scope: Scope.REQUEST })
class ImportHandler {
  private uses = 0;

  constructor(@Inject(Tenant) private readonly tenant: Tenant) {}

  execute(_import: Import, { attempt }: HandlerContext): string {
    this.uses += 1;
    if (attempt === 1) throw new Error('the first attempt fails');
    return `${this.tenant.name}, use ${this.uses}, attempt ${attempt}`;
  }
}

// There, a processor is made once for all jobs: what depends on a request is refused, or is that of the first job.
describe.each(SHARED_MODES)('a request-scoped handler in a worker, $name (nestjs/bull#415)', (mode) => {
  it('is made anew for each message and each attempt, and knows whose message it is', async () => {
    const queue = newQueue();
    const settings = { maxAttempts: 2, backoffMs: 1, concurrency: 2 };
    const sender = await startIn(mode, {
      queue,
      settings,
      options: { role: 'send' },
      providers: [ImportHandler, Tenant],
    });
    await startIn(mode, { queue, settings, providers: [ImportHandler, Tenant] });
    const send = (tenant: string) => sender.dispatcher.execute(new Import(), { headers: { tenant } });
    expect(await Promise.all([send('acme'), send('umbrella')])).toEqual([
      'acme, use 1, attempt 2',
      'umbrella, use 1, attempt 2',
    ]);
  });
});
