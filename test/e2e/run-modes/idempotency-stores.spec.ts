import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  Idempotent,
  Message,
  OnError,
  retry,
  type HandlerContext,
  type IdempotencyStore,
} from 'nestjs-dispatch';
import { postgresIdempotency } from 'nestjs-dispatch/postgres';
import { redisIdempotency } from 'nestjs-dispatch/redis';

import { newQueue, SHARED_MODES, startIn, type Mode } from './modes.js';
import { Journal } from './orders.js';

@Injectable()
class Names {
  readonly own = randomUUID();
}

@Message('tills.pay-in')
class PayIn extends Command<string> {
  constructor(
    readonly tillId: string,
    readonly failures = 0,
  ) {
    super();
  }
}

@Idempotent({ key: ({ tillId }: PayIn) => tillId })
@CommandHandler(PayIn)
@OnError(RangeError, retry('1ms', '1ms'))
class PayInHandler {
  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @Inject(Names) private readonly names: Names,
  ) {}

  async execute({ tillId, failures }: PayIn, context: HandlerContext): Promise<string> {
    const counted = await context.once('count', () => {
      this.journal.note('count', tillId);
      return context.attempt;
    });
    this.journal.note('run', tillId, context.attempt);
    if (context.attempt <= failures) throw new RangeError('not yet');
    return `${this.names.own} ${counted}`;
  }
}

type MakeStore = (name: string) => IdempotencyStore;

const redis: MakeStore = (name) =>
  redisIdempotency({ connection: process.env['TEST_REDIS_URL'] ?? '', prefix: `${name}:` });
const postgres: MakeStore = () =>
  postgresIdempotency({
    connection: process.env['TEST_POSTGRES_URL'] ?? '',
    schema: 'test_modes_calls',
    migrate: true,
  });

const CASES: readonly (readonly [string, Mode, string, MakeStore])[] = SHARED_MODES.flatMap((mode) => [
  [mode.name, mode, 'Redis', redis] as const,
  [mode.name, mode, 'Postgres', postgres] as const,
]);

describe.each(CASES)('two applications on %s with idempotent calls', (_name, mode, store, makeStore) => {
  /** Two that work on one queue, and share one journal. */
  async function startTwo() {
    const [queue, journal] = [newQueue(), new Journal()];
    const startOne = () =>
      startIn(mode, {
        queue,
        providers: [PayInHandler, Names, { provide: Journal, useValue: journal }],
        settings: { concurrency: 4, maxAttempts: 3 },
        options: { idempotency: { store: makeStore(queue) } },
      });
    const [one, other] = [await startOne(), await startOne()];
    return { one, other, journal, till: queue };
  }

  it(`on ${store} run once what both are sent, and answer with its result`, async () => {
    const { one, other, journal, till } = await startTwo();
    const senders = [one, other, one, other, one, other];
    const answers = await Promise.all(senders.map(({ dispatcher }) => dispatcher.execute(new PayIn(till))));
    expect(new Set(answers).size).toBe(1);
    expect(await other.dispatcher.execute(new PayIn(till))).toBe(answers[0]);
    expect(journal.entries).toEqual([`count ${till}`, `run ${till} 1`]);
    const warnings = [...one.log.lines, ...other.log.lines].filter((line) => line.includes('within this process only'));
    expect(warnings).toEqual([]);
  });

  it(`on ${store} try a call again that failed, whichever of them that is, without repeating what it did once`, async () => {
    const { one, journal, till } = await startTwo();
    expect(await one.dispatcher.execute(new PayIn(till, 2))).toMatch(/ 1$/);
    expect(journal.entries).toEqual([`count ${till}`, `run ${till} 1`, `run ${till} 2`, `run ${till} 3`]);
  });
});
