import { describe, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, Idempotent, Message, OnError, retry, type HandlerContext } from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { MODES, startIn } from './modes.js';
import { Journal } from './orders.js';

@Message('wallets.top-up')
class TopUp extends Command<{ readonly at: Date; readonly cents: bigint }> {
  constructor(
    readonly walletId: string,
    readonly isDeclined = false,
  ) {
    super();
  }
}

@Idempotent({ key: ({ walletId }: TopUp) => walletId })
@CommandHandler(TopUp)
class TopUpHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  async execute({ walletId, isDeclined }: TopUp, { signal }: HandlerContext): Promise<{ at: Date; cents: bigint }> {
    this.journal.note('run', walletId);
    // Long enough for the others to come meanwhile, where they come through a queue.
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    signal.throwIfAborted();
    if (isDeclined) throw new RangeError('declined');
    return { at: new Date(7), cents: 5n };
  }
}

/** Fails after its effects, so many times. */
@Message('wallets.pay-out')
class PayOut extends Command<string> {
  constructor(
    readonly walletId: string,
    readonly flaw: 'after' | 'effect' | 'none' = 'none',
  ) {
    super();
  }
}

@CommandHandler(PayOut)
@OnError(RangeError, retry('1ms', '1ms'))
class PayOutHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  async execute({ walletId, flaw }: PayOut, context: HandlerContext): Promise<string> {
    const paid = await context.once('transfer', () => {
      this.journal.note('transfer', walletId, context.attempt);
      if (flaw === 'effect' && context.attempt === 1) throw new RangeError('no line to the bank');
      return { at: new Date(9), attempt: context.attempt };
    });
    const sent = await context.once('mail 🦊', async () => this.journal.note('mail', walletId));
    if (flaw === 'after' && context.attempt < 3) throw new RangeError('later');
    return `${paid.at.getTime()} ${paid.attempt} ${String(sent)} ${context.attempt}`;
  }
}

const providers = [Journal, TopUpHandler, PayOutHandler];
const settings = { concurrency: 4, maxAttempts: 3 };

describe.each(MODES)('through $name', (mode) => {
  it('an idempotent handler runs once for duplicates, and all senders get its result', async () => {
    const { app, dispatcher } = await startIn(mode, { providers, settings });
    const answers = await Promise.all(['a', 'a', 'b', 'a'].map((id) => dispatcher.execute(new TopUp(id))));
    for (const answer of answers) expect(answer).toEqual({ at: new Date(7), cents: 5n });
    expect(await dispatcher.execute(new TopUp('a'))).toEqual(answers[0]);
    expect(app.get(Journal).entries.toSorted()).toEqual(['run a', 'run b']);
  });

  it('an idempotent handler that failed runs for the next one', async () => {
    const { app, dispatcher } = await startIn(mode, { providers });
    expect(await rejectionOf(dispatcher.execute(new TopUp('a', true)))).toMatchObject({ message: 'declined' });
    expect(await dispatcher.execute(new TopUp('a'))).toMatchObject({ cents: 5n });
    expect(app.get(Journal).entries).toEqual(['run a', 'run a']);
  });

  it('an effect in context.once() is not repeated by a retry, which gets its result', async () => {
    const { app, dispatcher } = await startIn(mode, { providers, settings });
    expect(await dispatcher.execute(new PayOut('a', 'after'))).toBe('9 1 undefined 3');
    expect(app.get(Journal).entries).toEqual(['transfer a 1', 'mail a']);
  });

  it('an effect in context.once() that failed is tried again, and another message has its own', async () => {
    const { app, dispatcher } = await startIn(mode, { providers, settings });
    expect(await dispatcher.execute(new PayOut('a', 'effect'))).toBe('9 2 undefined 2');
    expect(await dispatcher.execute(new PayOut('a'))).toBe('9 1 undefined 1');
    expect(app.get(Journal).entries).toEqual(['transfer a 1', 'transfer a 2', 'mail a', 'transfer a 1', 'mail a']);
  });

  it('a store in memory is warned of where the queue outlives the process, once', async () => {
    const { dispatcher, log } = await startIn(mode, { providers, settings });
    for (const id of ['a', 'b']) await dispatcher.execute(new TopUp(id));
    const warnings = log.lines.filter((line) => line.includes('within this process only'));
    expect(warnings).toHaveLength(mode.name.startsWith('BullMQ') ? 1 : 0);
  });
});
