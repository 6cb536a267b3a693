import { describe, expect, it } from '@jest/globals';
import { Inject, Scope } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  EventsHandler,
  Fault,
  OnError,
  retry,
  UnhandledExceptionBus,
  type DispatchOptions,
  type HandlerContext,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf } from '../../unit/dispatcher/application.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { MODES, startIn, type Mode } from './modes.js';
import { Journal } from './orders.js';

class CardDeclined extends Error {
  override readonly name = 'CardDeclined';
  readonly code = 'DECLINED';
}

class ChargeCard extends Command<string> {
  constructor(
    readonly orderId: string,
    readonly failureCount: number,
    readonly isHookBroken = false,
  ) {
    super();
  }
}

@OnError(CardDeclined, retry('1ms'))
@CommandHandler(ChargeCard, { scope: Scope.REQUEST })
class ChargeCardHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  execute({ failureCount }: ChargeCard, { attempt }: HandlerContext): string {
    this.journal.note('attempt', attempt);
    if (attempt <= failureCount) throw new CardDeclined(`declined at ${attempt}`);
    return 'charged';
  }

  async onFailed({ orderId, isHookBroken }: ChargeCard, error: Error, { attempt }: HandlerContext): Promise<void> {
    await Promise.resolve();
    this.journal.note('gave up on', orderId, attempt, error.message);
    if (isHookBroken) throw new Error('the hook is broken');
  }
}

@EventsHandler(Fault)
class Desk {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  handle({ faulted, messageName, handler, attempts, error }: Fault<ChargeCard>, context: HandlerContext): void {
    this.journal.note('fault', messageName, faulted.orderId, handler, attempts, error.name, error.code);
    if (faulted.orderId === 'twice') throw new Error(`the desk is closed ${context.id}`);
  }
}

async function startCharging(mode: Mode, options: DispatchOptions = {}) {
  const application = await startIn(mode, { providers: [Journal, ChargeCardHandler, Desk], options });
  const reported: string[] = [];
  application.app.get(UnhandledExceptionBus).subscribe(({ exception }) => reported.push(String(exception)));
  const { entries } = application.app.get(Journal);
  return { ...application, entries, reported };
}

describe.each(MODES)('a handler that fails for the last time, in $name', (mode) => {
  it('has its onFailed called once, with message, error and context, before its caller is told', async () => {
    const { dispatcher, entries } = await startCharging(mode);
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('o1', 2)));
    expect(error).toMatchObject({ message: 'declined at 2', code: 'DECLINED' });
    expect(entries).toEqual(['attempt 1', 'attempt 2', 'gave up on o1 2 declined at 2']);
  });

  it('is not told of an attempt after which it is tried again', async () => {
    const { dispatcher, entries } = await startCharging(mode, { faults: true });
    await expect(dispatcher.execute(new ChargeCard('o2', 1))).resolves.toBe('charged');
    expect(entries).toEqual(['attempt 1', 'attempt 2']);
  });

  it('publishes a fault where the module asks for it, and goes on with the next message', async () => {
    const { dispatcher, entries } = await startCharging(mode, { faults: true });
    await rejectionOf(dispatcher.execute(new ChargeCard('o3', 2)));
    const fault = 'fault ChargeCard o3 ChargeCardHandler 2 CardDeclined DECLINED';
    await until('the fault', () => entries.includes(fault));
    expect(entries.filter((entry) => entry.startsWith('fault'))).toEqual([fault]);
    await expect(dispatcher.execute(new ChargeCard('o4', 0))).resolves.toBe('charged');
  });

  it('makes no fault of a fault whose handler fails', async () => {
    const { dispatcher, entries, reported } = await startCharging(mode, { faults: true });
    await rejectionOf(dispatcher.execute(new ChargeCard('twice', 2)));
    await until('the failure of the desk', () => reported.some((text) => text.includes('the desk is closed')));
    await dispatcher.execute(new ChargeCard('o5', 0));
    expect(entries.filter((entry) => entry.startsWith('fault'))).toHaveLength(1);
  });

  it('gives its caller the error of the message where onFailed itself fails, which is reported', async () => {
    const { dispatcher, reported } = await startCharging(mode);
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('o6', 2, true)));
    expect(error).toMatchObject({ message: 'declined at 2' });
    expect(reported).toContain('Error: the hook is broken');
  });
});

describe('the option "faults"', () => {
  it('is true or false', async () => {
    const mistakes = await mistakesOf({ options: { faults: 'yes' as unknown as boolean } });
    expect(mistakes.map(({ text }) => text)).toEqual([
      'The option "faults" of DispatchModule is "yes", not true or false.',
    ]);
  });
});
