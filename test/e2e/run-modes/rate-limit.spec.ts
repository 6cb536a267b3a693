import { describe, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, Queues, RateLimit, type HandlerContext } from 'nestjs-dispatch';
import { redisRateLimits } from 'nestjs-dispatch/redis';

import { until } from '../../unit/run-modes/queued-application.js';
import { MODES, newQueue, QUEUED_MODES, startIn } from './modes.js';
import { Journal } from './orders.js';

const DURATION_MS = 400;

class SendMail extends Command {
  constructor(
    readonly user: string,
    readonly number: number,
  ) {
    super();
  }
}

@RateLimit({ max: 2, durationMs: DURATION_MS, key: ({ user }: SendMail) => user, whenExceeded: 'wait' })
@CommandHandler(SendMail)
class SendMailHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  execute({ user, number }: SendMail, { attempt }: HandlerContext): void {
    this.journal.note(user, number, attempt, performance.now());
  }
}

/** Whom something was sent to, and when. */
function sentIn(entries: readonly string[], user: string) {
  return entries
    .map((entry) => entry.split(' '))
    .filter(([to]) => to === user)
    .map(([_to, number, attempt, at]) => ({ number: Number(number), attempt, at: Number(at) }));
}

describe.each(MODES)('a limit for each user, through $name', (mode) => {
  it('holds back who sends too much, uncounted, while others are served', async () => {
    const { app, dispatcher } = await startIn(mode, { providers: [Journal, SendMailHandler] });
    const { entries } = app.get(Journal);
    const beganAt = performance.now();
    const sending = [1, 2, 3, 4, 5].map((number) => dispatcher.execute(new SendMail('ada', number)));
    await Promise.all([...sending, dispatcher.execute(new SendMail('bob', 1))]);
    const toAda = sentIn(entries, 'ada');
    const [toBob] = sentIn(entries, 'bob');
    expect(toAda).toHaveLength(5);
    expect(new Set(toAda.map(({ number }) => number)).size).toBe(5);
    expect(new Set(toAda.map(({ attempt }) => attempt))).toEqual(new Set(['1']));
    const last = Math.max(...toAda.map(({ at }) => at));
    // Two at once, and then one each 200 ms; the clock of a store may be some milliseconds ahead.
    expect(last - beganAt).toBeGreaterThanOrEqual(DURATION_MS + 195);
    expect(toBob?.at).toBeLessThan(last);
  });
});

describe.each(QUEUED_MODES)('a limited handler, through $name', (mode) => {
  it('keeps the order of a key', async () => {
    const { app, dispatcher, queue = '' } = await startIn(mode, { providers: [Journal, SendMailHandler] });
    for (const number of [1, 2, 3, 4]) await dispatcher.send(new SendMail('ada', number), { key: 'ada' });
    const { entries } = app.get(Journal);
    await until('all to be sent', () => entries.length === 4);
    expect(sentIn(entries, 'ada').map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect((await app.get(Queues).counts(queue)).parked.failed).toBe(0);
  });
});

describe('a limit on Redis', () => {
  it('is shared by applications', async () => {
    const prefix = `test:${newQueue()}:`;
    const connection = process.env['TEST_REDIS_URL'] ?? '';
    const [sync] = MODES;
    if (sync === undefined) throw new Error('there are no modes');
    const [one, other] = await Promise.all(
      [1, 2].map(() =>
        startIn(sync, {
          providers: [Journal, SendMailHandler],
          options: { resilience: { rateLimitStore: redisRateLimits({ connection, prefix }) } },
        }),
      ),
    );
    const startedAt = performance.now();
    const calls = [1, 2, 3].flatMap((number) => [
      one?.dispatcher.execute(new SendMail('ada', number)),
      other?.dispatcher.execute(new SendMail('ada', number)),
    ]);
    await Promise.all(calls);
    // Two at once, and then four, one each 200 ms.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(790);
  });
});
