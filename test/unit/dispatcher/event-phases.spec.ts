import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  Event,
  EventBus,
  EventsHandler,
  inMemoryQueue,
  inMemoryTransactions,
  MemoryTransaction,
  RunMode,
  Transactional,
  Transactions,
  type DispatchOptions,
  type EventPhase,
  type EventsHandlerOptions,
  type HandlerContext,
} from 'nestjs-dispatch';

import { mistakesOf, rejectionOf, start } from './application.js';

/** What happened, in order. */
@Injectable()
class Log {
  readonly entries: string[] = [];

  constructor(private readonly transactions: Transactions<MemoryTransaction>) {}

  note(what: string): void {
    this.entries.push(`${what}${this.transactions.current === undefined ? '' : ' in it'}`);
  }

  write(what: string): void {
    this.transactions.client.add({ apply: () => void this.entries.push(`${what} committed`) });
  }
}

class StockTaken extends Event {
  constructor(readonly flaw: EventPhase | 'none' = 'none') {
    super();
  }
}

@EventsHandler(StockTaken, { phase: 'beforeCommit' })
class Before {
  constructor(private readonly log: Log) {}

  async handle({ flaw }: StockTaken): Promise<void> {
    await turn();
    this.log.note('before');
    this.log.write('before');
    if (flaw === 'beforeCommit') throw new RangeError('before');
  }
}

@EventsHandler(StockTaken, { phase: 'afterCommit' })
class After {
  constructor(private readonly log: Log) {}

  handle({ flaw }: StockTaken): void {
    this.log.note('after');
    if (flaw === 'afterCommit') throw new RangeError('after');
  }
}

@EventsHandler(StockTaken)
class Plain {
  constructor(private readonly log: Log) {}

  handle(): void {
    this.log.note('plain');
  }
}

@EventsHandler(StockTaken, { phase: 'afterRollback' })
class RolledBack {
  constructor(private readonly log: Log) {}

  handle({ flaw }: StockTaken): void {
    this.log.note('rolled back');
    if (flaw === 'afterRollback') throw new RangeError('rolled back');
  }
}

type Work = (context: HandlerContext) => Promise<unknown> | undefined;

class Take extends Command<unknown> {
  constructor(readonly work: Work) {
    super();
  }
}

@Transactional()
@CommandHandler(Take)
class TakeHandler {
  constructor(private readonly log: Log) {}

  async execute({ work }: Take, context: HandlerContext): Promise<void> {
    this.log.write('command');
    await work(context);
    this.log.note('returned');
  }
}

async function startTaking(options: DispatchOptions = {}) {
  const transactions = { scope: inMemoryTransactions() };
  const providers = [Log, Before, After, Plain, RolledBack, TakeHandler];
  const { app, dispatcher, log } = await start({ providers, options: { transactions, ...options } });
  return { app, dispatcher, lines: log.lines, entries: app.get(Log).entries };
}

const COMMITTED = ['returned in it', 'before in it', 'command committed', 'before committed', 'after', 'plain'];

describe('an event published in a transaction', () => {
  it('is handled before the commit where that is asked for, and after it otherwise', async () => {
    const { dispatcher, entries } = await startTaking();
    await dispatcher.execute(new Take((context) => context.publish(new StockTaken())));
    expect(entries).toEqual(COMMITTED);
  });

  it('through a bus that is injected is handled at the same times', async () => {
    const { app, dispatcher, entries } = await startTaking({ context: 'explicit' });
    await dispatcher.execute(new Take(() => app.get(EventBus).publish(new StockTaken())));
    expect(entries).toEqual(COMMITTED);
  });

  it('reaches only those who want to hear of a rollback where the publisher fails', async () => {
    const { dispatcher, entries } = await startTaking();
    const failing = new Take(async (context) => {
      await context.publish(new StockTaken());
      throw new TypeError('no');
    });
    expect(await rejectionOf(dispatcher.execute(failing))).toMatchObject({ message: 'no' });
    expect(entries).toEqual(['rolled back']);
  });

  it('rolls all back where a handler before the commit fails, and the next one is committed', async () => {
    const { dispatcher, entries } = await startTaking();
    const failing = new Take((context) => context.publish(new StockTaken('beforeCommit')));
    expect(await rejectionOf(dispatcher.execute(failing))).toMatchObject({ message: 'before' });
    expect(entries.splice(0)).toEqual(['returned in it', 'before in it', 'rolled back']);
    await dispatcher.execute(new Take((context) => context.publish(new StockTaken())));
    expect(entries).toEqual(COMMITTED);
  });

  it('changes nothing, and is told, where a handler after the end fails', async () => {
    const { dispatcher, entries, lines } = await startTaking();
    await dispatcher.execute(new Take((context) => context.publish(new StockTaken('afterCommit'))));
    expect(entries).toEqual(COMMITTED);
    expect(lines.filter((line) => line.includes('StockTaken'))).toHaveLength(1);
    const failing = new Take(async (context) => {
      await context.publish(new StockTaken('afterRollback'));
      throw new TypeError('no');
    });
    expect(await rejectionOf(dispatcher.execute(failing))).toMatchObject({ message: 'no' });
    expect(lines.filter((line) => line.includes('StockTaken'))).toHaveLength(2);
  });

  it('by a handler before the commit is handled before the commit as well', async () => {
    @EventsHandler(StockTaken, { phase: 'beforeCommit' })
    class Chain {
      handle({ flaw }: StockTaken, context: HandlerContext): Promise<void> | undefined {
        return flaw === 'none' ? context.publish(new StockTaken('afterRollback')) : undefined;
      }
    }
    const options = { transactions: { scope: inMemoryTransactions() } };
    const { app, dispatcher } = await start({ providers: [Log, Before, Chain, TakeHandler], options });
    await dispatcher.execute(new Take((context) => context.publish(new StockTaken())));
    expect(app.get(Log).entries.filter((entry) => entry === 'before in it')).toHaveLength(2);
  });

  it('reaches those who watch all events once it is true', async () => {
    const { app, dispatcher, entries } = await startTaking();
    const subscription = app.get(EventBus).subscribe(() => entries.push('watched'));
    await dispatcher.execute(new Take((context) => context.publish(new StockTaken())));
    subscription.unsubscribe();
    expect(entries).toEqual([...COMMITTED, 'watched']);
  });
});

describe('a publisher in a transaction who waits', () => {
  it('waits for the handlers before the commit, which run at once, and for no others', async () => {
    const { dispatcher, entries } = await startTaking();
    await dispatcher.execute(new Take((context) => context.publishAndWait(new StockTaken())));
    expect(entries).toEqual([
      'before in it',
      'returned in it',
      'command committed',
      'before committed',
      'after',
      'plain',
    ]);
  });

  it('is told of a failure before the commit, and cannot commit by catching it', async () => {
    const { dispatcher, entries } = await startTaking();
    let told: unknown;
    const catching = new Take(async (context) => {
      told = await rejectionOf(context.publishAndWait(new StockTaken('beforeCommit')));
    });
    expect(await rejectionOf(dispatcher.execute(catching))).toMatchObject({ code: 'DISPATCH_TRANSACTION_DOOMED' });
    expect(told).toMatchObject({ code: 'DISPATCH_EVENT_HANDLING' });
    expect(entries).toEqual(['before in it', 'returned in it', 'rolled back']);
  });
});

describe('an event published outside of a transaction', () => {
  @EventsHandler(StockTaken, { phase: 'beforeCommit' })
  class BeforeNothing {
    constructor(private readonly log: Log) {}

    handle(): void {
      this.log.note('before');
    }
  }

  it('is handled at once by all but those who want to hear of a rollback', async () => {
    const options = { transactions: { scope: inMemoryTransactions() } };
    const { app, dispatcher } = await start({ providers: [Log, BeforeNothing, After, Plain, RolledBack], options });
    await dispatcher.publish(new StockTaken());
    await dispatcher.publishAndWait(new StockTaken());
    expect(app.get(Log).entries).toEqual(['before', 'after', 'plain', 'before', 'after', 'plain']);
  });
});

describe('an event published in a transaction to a handler behind a queue', () => {
  @EventsHandler(StockTaken, { runMode: RunMode.Async, phase: 'afterCommit' })
  class Queued {
    constructor(private readonly log: Log) {}

    handle(): void {
      this.log.note('queued');
    }
  }

  it.each(['publish', 'publishAndWait'] as const)('is in its queue once it is committed, by %s()', async (verb) => {
    const options = { transactions: { scope: inMemoryTransactions() }, queue: inMemoryQueue() };
    const { app, dispatcher } = await start({ providers: [Log, Queued, TakeHandler], options });
    const { entries } = app.get(Log);
    const failing = new Take(async (context) => {
      await context[verb](new StockTaken());
      throw new TypeError('no');
    });
    await rejectionOf(dispatcher.execute(failing));
    await dispatcher.execute(new Take((context) => context[verb](new StockTaken())));
    await dispatcher.publishAndWait(new StockTaken());
    expect(entries).toEqual(['returned in it', 'command committed', 'queued', 'queued']);
  });
});

describe('mistakes at bootstrap', () => {
  @EventsHandler(StockTaken, { phase: 'beforeCommit', runMode: RunMode.Async })
  class Misplaced {
    handle(): void {}
  }

  @EventsHandler(StockTaken, { phase: 'never' } as unknown as EventsHandlerOptions)
  class Wrong {
    handle(): void {}
  }

  it('name a phase behind a queue that is over there', async () => {
    const options = { transactions: { scope: inMemoryTransactions() }, queue: inMemoryQueue() };
    const [mistake, ...others] = await mistakesOf({ providers: [Misplaced], options });
    expect(mistake?.text).toMatch(/Misplaced.*'beforeCommit'.*behind a queue/);
    expect(others).toEqual([]);
  });

  it('name a phase that is none, and one without transactions', async () => {
    const texts = (await mistakesOf({ providers: [Wrong, Plain, RolledBack, Log] })).map(({ text }) => text);
    expect(texts).toEqual([
      expect.stringMatching(/Wrong.*"phase", which is .never., not/),
      expect.stringMatching(/RolledBack.*has the phase 'afterRollback'.*"transactions"/),
    ]);
  });
});
