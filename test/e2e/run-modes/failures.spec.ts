import { describe, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  deadLetter,
  discard,
  Event,
  EventsHandler,
  isDispatchError,
  Message,
  OnError,
  Queues,
  retry,
  RetryLaterError,
  RunMode,
  TaskDiscardedNotification,
  UnhandledExceptionBus,
  UnrecoverableError,
  type DispatchOptions,
  type Failure,
  type HandlerContext,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { collect, until } from '../../unit/run-modes/queued-application.js';
import { MODES, QUEUED_MODES, startIn, type Mode, type ModeApplication, type ModeSetup } from './modes.js';
import { Journal } from './orders.js';

class BusyError extends Error {
  override readonly name = 'BusyError';
}
class StaleError extends Error {
  override readonly name = 'StaleError';
}
class ZombieError extends Error {
  override readonly name = 'ZombieError';
}
class OtherError extends Error {
  override readonly name = 'OtherError';
}

const ERRORS = {
  busy: () => new BusyError('busy'),
  stale: () => new StaleError('stale'),
  zombie: () => new ZombieError('a zombie'),
  other: () => new OtherError('something else'),
  hopeless: () => new UnrecoverableError('closed for ever'),
  later: () => new RetryLaterError(60),
} satisfies Record<string, () => Error>;

/** Fails as its handler is told to, so many times. */
@Message('cards.charge')
@OnError('StaleError', deadLetter('asked-after-the-handler'))
@OnError(ZombieError, deadLetter('zombies'))
class ChargeCard extends Command<string> {
  constructor(
    readonly flaw: keyof typeof ERRORS,
    readonly failureCount = 99,
  ) {
    super();
  }
}

@OnError(BusyError, retry('1ms', '2ms'))
@OnError(StaleError, discard('nobody waits for it'))
@CommandHandler(ChargeCard)
class ChargeCardHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  execute({ flaw, failureCount }: ChargeCard, { attempt }: HandlerContext): string {
    this.journal.note(attempt);
    if (attempt <= failureCount) throw ERRORS[flaw]();
    return `charged at ${attempt}`;
  }
}

class CardExpired extends Event {
  constructor(readonly flaw: 'busy' | 'stale' | undefined) {
    super();
  }
}

@OnError(BusyError, retry('1ms'))
@OnError(StaleError, discard('old news'))
@EventsHandler(CardExpired)
class Mailer {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  handle({ flaw }: CardExpired, { attempt }: HandlerContext): void {
    this.journal.note(flaw ?? 'mailed', attempt);
    if (flaw !== undefined) throw ERRORS[flaw]();
  }
}

interface FailingApplication extends ModeApplication {
  readonly entries: readonly string[];
  /** What was reported because no caller was there to see it. */
  readonly unseen: unknown[];
}

async function startFailing(
  mode: Mode,
  options: DispatchOptions = {},
  settings: ModeSetup['settings'] = {},
): Promise<FailingApplication> {
  const application = await startIn(mode, { providers: [Journal, ChargeCardHandler, Mailer], options, settings });
  const unseen: unknown[] = [];
  application.app.get(UnhandledExceptionBus).subscribe(({ exception }) => unseen.push(exception));
  return { ...application, unseen, entries: application.app.get(Journal).entries };
}

/** What a queue keeps as failed; nothing in the caller's turn. */
async function parkedOf({ app, queue }: ModeApplication) {
  return queue === undefined ? [] : app.get(Queues).parked(queue, 'failed');
}

describe.each(MODES)('through $name', (mode) => {
  it('a handler is tried again in place, sees which attempt it is, and its caller gets the result', async () => {
    const { dispatcher, entries } = await startFailing(mode);
    expect(await dispatcher.execute(new ChargeCard('busy', 2))).toBe('charged at 3');
    expect(entries).toEqual(['1', '2', '3']);
  });

  it('a handler whose steps are used up fails with its last error, and the next message is handled', async () => {
    const application = await startFailing(mode);
    const { dispatcher, entries, queue } = application;
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('busy')));
    expect(error).toMatchObject({ name: 'BusyError', message: 'busy' });
    expect(entries).toEqual(['1', '2', '3']);
    expect(await parkedOf(application)).toMatchObject(
      queue === undefined ? [] : [{ name: 'cards.charge', attempt: 3, error: { name: 'BusyError' } }],
    );
    expect(await dispatcher.execute(new ChargeCard('busy', 0))).toBe('charged at 1');
  });

  it('an UnrecoverableError is not tried again, whatever the rules of the module say', async () => {
    const failures: DispatchOptions['failures'] = (on) => [on.any().retry('1ms', '1ms')];
    const application = await startFailing(mode, { failures }, { maxAttempts: 3, backoffMs: 0 });
    const error = await rejectionOf(application.dispatcher.execute(new ChargeCard('hopeless')));
    expect(isDispatchError(error, 'DISPATCH_UNRECOVERABLE')).toBe(true);
    expect(application.entries).toEqual(['1']);
    expect(await parkedOf(application)).toMatchObject(application.queue === undefined ? [] : [{ attempt: 1 }]);
  });

  it('the caller of a command that is discarded gets the error, and nothing is parked', async () => {
    const application = await startFailing(mode);
    const discarded = collect(application, TaskDiscardedNotification);
    const error = await rejectionOf(application.dispatcher.execute(new ChargeCard('stale')));
    expect(error).toMatchObject({ name: 'StaleError', message: 'stale' });
    expect(await parkedOf(application)).toEqual([]);
    // Observers are told in a later turn.
    await application.app.close();
    expect(discarded).toMatchObject(
      mode.queue === undefined
        ? []
        : [{ messageName: 'cards.charge', reason: 'nobody waits for it', error: { name: 'StaleError' } }],
    );
    expect(application.unseen).toEqual([]);
  });

  it('an event that is discarded is reported to nobody, and the next one is handled', async () => {
    const application = await startFailing(mode);
    const { dispatcher, entries, unseen } = application;
    await dispatcher.publish(new CardExpired('stale'));
    await dispatcher.publish(new CardExpired(undefined));
    await until('the next one', () => entries.includes('mailed 1'));
    expect(await parkedOf(application)).toEqual([]);
    await application.app.close();
    expect(entries.toSorted()).toEqual(['mailed 1', 'stale 1']);
    expect(unseen).toEqual([]);
  });

  it('an event that nobody waits for is tried again, and reported once its steps are used up', async () => {
    const { dispatcher, entries, unseen } = await startFailing(mode);
    await dispatcher.publish(new CardExpired('busy'));
    await until('the report', () => unseen.length > 0);
    expect(entries).toEqual(['busy 1', 'busy 2']);
    expect(unseen).toMatchObject([{ name: 'BusyError' }]);
  });

  it('rules of the module are asked after those of the handler', async () => {
    const { dispatcher, entries } = await startFailing(mode, {
      failures: (on) => [on(BusyError).discard('never asked'), on('OtherError').retry('1ms')],
    });
    expect(await dispatcher.execute(new ChargeCard('busy', 1))).toBe('charged at 2');
    expect(await dispatcher.execute(new ChargeCard('other', 1))).toBe('charged at 2');
    await rejectionOf(dispatcher.execute(new ChargeCard('other', 2)));
    expect(entries).toEqual(['1', '2', '1', '2', '1', '2']);
  });

  it('a policy function decides before every rule, and may ask them', async () => {
    const seen: Failure[] = [];
    const { dispatcher, entries, queue } = await startFailing(mode, {
      failurePolicy(failure, next) {
        seen.push(failure);
        return failure.error instanceof BusyError
          ? next()
          : { action: 'retry', delayMs: 0, jitter: failure.attempt > 3 ? 'full' : 'none' };
      },
    });
    expect(await dispatcher.execute(new ChargeCard('stale', 4))).toBe('charged at 5');
    await rejectionOf(dispatcher.execute(new ChargeCard('busy')));
    expect(entries).toHaveLength(8);
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 1, 2, 3]);
    expect(seen[0]).toEqual({
      error: expect.any(StaleError),
      attempt: 1,
      runMode: queue === undefined ? RunMode.Sync : RunMode.Async,
      messageName: 'cards.charge',
      messageKind: 'command',
      handlerName: 'ChargeCardHandler',
      queue,
    });
  });

  it('a policy function that throws is reported, and the rules decide', async () => {
    const { dispatcher, entries, unseen } = await startFailing(mode, {
      failurePolicy() {
        throw new TypeError('no such field');
      },
    });
    expect(await dispatcher.execute(new ChargeCard('busy', 1))).toBe('charged at 2');
    expect(entries).toEqual(['1', '2']);
    expect(unseen).toMatchObject([{ code: 'DISPATCH_FAILURE_POLICY', cause: { message: 'no such field' } }]);
  });
});

describe.each(MODES.filter(({ queue }) => queue === undefined))('in $name', (mode) => {
  it('nothing is tried again because of a RetryLaterError: the caller has it', async () => {
    const { dispatcher, entries } = await startFailing(mode);
    expect(
      isDispatchError(await rejectionOf(dispatcher.execute(new ChargeCard('later'))), 'DISPATCH_RETRY_LATER'),
    ).toBe(true);
    expect(entries).toEqual(['1']);
  });
});

describe.each(QUEUED_MODES)('through $name alone', (mode) => {
  it('a RetryLaterError is tried again, not before its delay, as long as there are attempts', async () => {
    const application = await startFailing(mode, {}, { maxAttempts: 2, backoffMs: 0 });
    const { dispatcher, entries } = application;
    const startedAt = performance.now();
    expect(await dispatcher.execute(new ChargeCard('later', 1))).toBe('charged at 2');
    // Timers may be up to a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(59);
    const error = await rejectionOf(dispatcher.execute(new ChargeCard('later')));
    expect(isDispatchError(error, 'DISPATCH_RETRY_LATER')).toBe(true);
    expect(entries).toEqual(['1', '2', '1', '2']);
  });

  it('a receipt of what was discarded says that it failed, and with what', async () => {
    const { dispatcher } = await startFailing(mode);
    const receipt = await dispatcher.send(new ChargeCard('stale'));
    expect(await rejectionOf(receipt.result())).toMatchObject({ name: 'StaleError', message: 'stale' });
    expect(await receipt.status()).toBe('failed');
  });

  it('what is dead-lettered at a place of its own is parked with the name of that place', async () => {
    const application = await startFailing(mode);
    const error = await rejectionOf(application.dispatcher.execute(new ChargeCard('zombie')));
    expect(error).toMatchObject({ name: 'ZombieError', message: 'a zombie' });
    await rejectionOf(application.dispatcher.execute(new ChargeCard('other')));
    const parked = await parkedOf(application);
    expect(parked.map(({ error: { name, deadLetters } }) => [name, deadLetters])).toEqual([
      ['OtherError', undefined],
      ['ZombieError', 'zombies'],
    ]);
  });
});
