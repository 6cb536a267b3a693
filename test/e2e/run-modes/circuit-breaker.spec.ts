import { setImmediate } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  CircuitBreaker,
  CircuitClosedNotification,
  CircuitHalfOpenedNotification,
  CircuitOpenedNotification,
  Command,
  CommandHandler,
  Notifications,
  Queues,
  TaskPostponedNotification,
  type CircuitSettings,
  type DispatchOptions,
  type HandlerContext,
  type NotificationClass,
} from 'nestjs-dispatch';

import { rejectionOf } from '../../unit/dispatcher/application.js';
import { collect, until } from '../../unit/run-modes/queued-application.js';
import {
  MODES,
  newQueue,
  QUEUED_MODES,
  SHARED_MODES,
  startIn,
  type Mode,
  type ModeApplication,
  type ModeSetup,
} from './modes.js';
import { Journal } from './orders.js';

/** What the handlers depend on. */
@Injectable()
class Bank {
  isDown = true;
  running = 0;
  mostRunning = 0;

  async charge(): Promise<void> {
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    this.running -= 1;
    if (this.isDown) throw new Error('the bank does not answer');
  }
}

class ChargeCard extends Command {
  constructor(readonly number: number) {
    super();
  }
}

@CircuitBreaker({ name: 'bank' })
@CommandHandler(ChargeCard)
class ChargeCardHandler {
  constructor(
    @Inject(Bank) private readonly bank: Bank,
    @Inject(Journal) private readonly journal: Journal,
  ) {}

  async execute({ number }: ChargeCard, { attempt }: HandlerContext): Promise<void> {
    this.journal.note('try', number, attempt);
    await this.bank.charge();
    this.journal.note('charged', number, attempt);
  }
}

/** Knows the same bank, and holds back only its own messages. */
class RefundCard extends Command {}

@CircuitBreaker({ name: 'bank', pauses: 'message' })
@CommandHandler(RefundCard)
class RefundCardHandler {
  constructor(
    @Inject(Bank) private readonly bank: Bank,
    @Inject(Journal) private readonly journal: Journal,
  ) {}

  async execute(_command: RefundCard, { attempt }: HandlerContext): Promise<void> {
    await this.bank.charge();
    this.journal.note('refunded', attempt);
  }
}

/** Does without the bank. */
class SendMail extends Command {}

@CommandHandler(SendMail)
class SendMailHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  execute(): void {
    this.journal.note('mailed');
  }
}

async function startWithBank(mode: Mode, circuit: CircuitSettings, { options, ...setup }: ModeSetup = {}) {
  const resilience: DispatchOptions['resilience'] = { circuits: { bank: { consecutiveFailures: 3, ...circuit } } };
  const application = await startIn(mode, {
    providers: [Journal, Bank, ChargeCardHandler, RefundCardHandler, SendMailHandler],
    ...setup,
    settings: { maxAttempts: 5, backoffMs: 0, ...setup.settings },
    options: { resilience, ...options },
  });
  const { app } = application;
  const { entries } = app.get(Journal);
  const having = (what: string): readonly string[] => entries.filter((entry) => entry.startsWith(what));
  return { ...application, bank: app.get(Bank), having };
}

const COUNT = 12;

/** How many attempts were counted beside those that succeeded. */
function failuresOf(charged: readonly string[]): number {
  return charged.reduce((sum, entry) => sum + Number(entry.split(' ')[2]) - 1, 0);
}

/** Does something at each notification of a class, as soon as it is told. */
function onEach({ app }: ModeApplication, type: NotificationClass, act: () => void): void {
  app.get(Notifications).ofType(type).subscribe(act);
}

/** Sends what is to be charged, in order. */
async function sendAll({ dispatcher }: Awaited<ReturnType<typeof startWithBank>>): Promise<void> {
  for (let number = 1; number <= COUNT; number++) await dispatcher.send(new ChargeCard(number));
}

describe.each(QUEUED_MODES)('a handler whose dependency fails, through $name', (mode) => {
  it.each([1, 4])(
    'is left alone while its queue rests, which goes on by itself and loses nothing; %i at once',
    async (concurrency) => {
      const application = await startWithBank(mode, { openMs: 250 }, { settings: { concurrency } });
      const { app, bank, having, queue = '' } = application;
      const states: [unknown, number][] = [];
      for (const type of [CircuitOpenedNotification, CircuitHalfOpenedNotification, CircuitClosedNotification]) {
        onEach(application, type, () => {
          states.push([type, having('try').length]);
          bank.isDown = false;
        });
      }
      await sendAll(application);
      await until('everything to be charged', () => having('charged').length === COUNT);
      await until('the circuit to be told of', () => states.length === 3);
      const [triedBefore = 0, triedAfter = 0] = states.map(([, tried]) => tried);
      expect(states.map(([type]) => type)).toEqual([
        CircuitOpenedNotification,
        CircuitHalfOpenedNotification,
        CircuitClosedNotification,
      ]);
      // Those that had begun when the third one failed were let through, and then one to find out.
      expect(triedBefore).toBeLessThan(3 + concurrency);
      expect(triedAfter - triedBefore).toBeLessThanOrEqual(1);
      expect(new Set(having('charged').map((entry) => entry.split(' ')[1])).size).toBe(COUNT);
      expect(failuresOf(having('charged'))).toBe(having('try').length - COUNT);
      expect((await app.get(Queues).counts(queue)).parked.failed).toBe(0);
    },
  );

  it('is tried by one message at a time, and again when that has failed', async () => {
    const application = await startWithBank(mode, { openMs: 400 }, { settings: { concurrency: 4 } });
    const { bank, having } = application;
    const most: number[] = [];
    onEach(application, CircuitOpenedNotification, () => {
      most.push(bank.mostRunning);
      bank.mostRunning = 0;
      bank.isDown = most.length < 2;
    });
    await sendAll(application);
    await until('everything to be charged', () => having('charged').length === COUNT);
    expect(most).toEqual([expect.any(Number), 1]);
    expect(new Set(having('charged').map((entry) => entry.split(' ')[1])).size).toBe(COUNT);
    expect(failuresOf(having('charged'))).toBe(having('try').length - COUNT);
  });

  it('does not hold another queue up', async () => {
    const [queue, other] = [newQueue(), newQueue()];
    const queues = { default: queue, defaults: { maxAttempts: 3, backoffMs: 0 }, each: { [other]: {} } };
    const application = await startWithBank(mode, { openMs: 60_000 }, { queue, options: { queues } });
    const postponed = collect(application, TaskPostponedNotification);
    await sendAll(application);
    await until('the queue to rest', () => postponed.length > 0);
    await application.dispatcher.execute(new SendMail(), { queue: other });
    expect(application.having('mailed')).toHaveLength(1);
    expect(application.having('charged')).toEqual([]);
  });

  it('lets the other handlers of its queue go on where only its messages wait, uncounted', async () => {
    const circuit = { openMs: 300, consecutiveFailures: 1 };
    const application = await startWithBank(mode, circuit, { settings: { concurrency: 1, maxAttempts: 2 } });
    const { bank, dispatcher, having } = application;
    const postponed = collect(application, TaskPostponedNotification);
    await dispatcher.send(new RefundCard());
    await until('the message to wait', () => postponed.length > 0);
    await dispatcher.execute(new SendMail());
    expect(having('refunded')).toEqual([]);
    bank.isDown = false;
    await until('it to be handled', () => having('refunded').length === 1);
    expect(having('refunded')).toEqual(['refunded 2']);
  });

  it('leaves nothing that a shutdown has to wait for', async () => {
    const application = await startWithBank(mode, { openMs: 60_000 });
    const postponed = collect(application, TaskPostponedNotification);
    await sendAll(application);
    await until('the queue to rest', () => postponed.length > 0);
    const startedAt = performance.now();
    await application.app.close();
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(application.having('try')).toHaveLength(3);
  });
});

describe.each(SHARED_MODES)('an application that closes while a circuit is open, through $name', (mode) => {
  it('leaves to the next one what was not tried, uncounted', async () => {
    const first = await startWithBank(mode, { openMs: 60_000 });
    const postponed = collect(first, TaskPostponedNotification);
    await sendAll(first);
    await until('the queue to rest', () => postponed.length > 0);
    await first.app.close();
    const second = await startWithBank(mode, {}, { queue: first.queue ?? '' });
    second.bank.isDown = false;
    await until('everything to be charged', () => second.having('charged').length === COUNT);
    expect(failuresOf(second.having('charged'))).toBe(3);
  });
});

describe.each(MODES)('a caller who waits, through $name', (mode) => {
  it('is refused at once, or waits behind the queue, and is answered once the circuit lets messages through', async () => {
    const application = await startWithBank(mode, { openMs: 600 }, { settings: { maxAttempts: 1 } });
    const { bank, dispatcher, having } = application;
    for (const number of [1, 2, 3]) {
      const error = await rejectionOf(dispatcher.execute(new ChargeCard(number)));
      expect(error).toMatchObject({ message: 'the bank does not answer' });
    }
    bank.isDown = false;
    const refusals: unknown[] = [];
    const charge = (number: number): Promise<boolean> =>
      dispatcher.execute(new ChargeCard(number)).then(
        () => true,
        (error: unknown) => {
          refusals.push(error);
          return false;
        },
      );
    await until('the circuit to let one through', () => charge(4));
    await dispatcher.execute(new ChargeCard(5));
    expect(having('charged')).toHaveLength(2);
    expect(refusals.slice(0, 1)).toMatchObject(
      mode.queue === undefined ? [{ code: 'DISPATCH_CIRCUIT_OPEN', circuit: 'bank' }] : [],
    );
  });
});
