import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  inMemoryInbox,
  inMemoryQueue,
  inMemoryTransactions,
  Message,
  MessageDuplicateNotification,
  Notifications,
  RunMode,
  Transactional,
  Transactions,
  type DispatchOptions,
  type TransactionsOptions,
} from 'nestjs-dispatch';
import { postgresInbox, postgresTransactions, type PostgresTransactionClient } from 'nestjs-dispatch/postgres';

import { freshSchema, SHARED } from '../../integration/postgres/fresh-schema.js';
import { mistakesOf, rejectionOf } from '../../unit/dispatcher/application.js';
import { until } from '../../unit/run-modes/queued-application.js';
import { MODES, newQueue, QUEUED_MODES, startIn, type Mode } from './modes.js';

@Message('wallets.withdraw')
class Withdraw extends Command<string> {
  constructor(
    readonly schema: string,
    readonly isDeclined = false,
  ) {
    super();
  }
}

@Injectable()
class Wallets {
  constructor(readonly transactions: Transactions<PostgresTransactionClient>) {}

  async withdraw(schema: string): Promise<void> {
    await this.transactions.client.query(`INSERT INTO "${schema}".withdrawals DEFAULT VALUES`);
  }
}

@Transactional()
@CommandHandler(Withdraw)
class WithdrawHandler {
  constructor(private readonly wallets: Wallets) {}

  async execute({ schema, isDeclined }: Withdraw): Promise<string> {
    await this.wallets.withdraw(schema);
    if (isDeclined) throw new RangeError('declined');
    return 'done';
  }
}

async function startWallets(mode: Mode, queue = newQueue()) {
  const other = `${queue}-2`;
  const { schema, pool } = freshSchema();
  await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".withdrawals (at timestamptz DEFAULT now())`);
  const store = postgresInbox({ connection: SHARED, schema, migrate: true });
  const options: DispatchOptions = {
    transactions: { scope: postgresTransactions({ connection: SHARED }), inbox: { store } },
    ...(mode.queue !== undefined && {
      queues: { default: queue, defaults: { maxAttempts: 1 }, each: { [other]: {} } },
    }),
  };
  const { app, dispatcher } = await startIn(mode, { providers: [Wallets, WithdrawHandler], options, queue });
  const duplicates: string[] = [];
  app
    .get(Notifications)
    .ofType(MessageDuplicateNotification)
    .subscribe(({ context }) => duplicates.push(context.id));
  const count = async () => (await pool.query(`SELECT FROM "${schema}".withdrawals`)).rowCount;
  return { dispatcher, schema, count, duplicates, other };
}

describe.each(QUEUED_MODES)('an inbox behind $name', (mode) => {
  it('does not know a message whose handler failed, and answers its duplicate without the handler once it is handled', async () => {
    const { dispatcher, schema, count, duplicates, other } = await startWallets(mode);
    const failing = dispatcher.execute(new Withdraw(schema, true), { id: 'm-1' });
    expect(await rejectionOf(failing)).toMatchObject({ message: 'declined' });
    expect(await count()).toBe(0);
    expect(await dispatcher.execute(new Withdraw(schema), { id: 'm-1', queue: other })).toBe('done');
    const [first, second] = [new Withdraw(schema), new Withdraw(schema)];
    expect(await dispatcher.execute(first, { id: 'm-2' })).toBe('done');
    // Through another queue, for one queue knows the entry.
    expect(await dispatcher.execute(second, { id: 'm-2', queue: other })).toBeUndefined();
    expect([await count(), duplicates]).toEqual([2, ['m-2']]);
  });

  it('has one of two deliveries at once handled, and the other answered as handled', async () => {
    const { dispatcher, schema, count, duplicates, other } = await startWallets(mode);
    const sent = [{ id: 'm-1' }, { id: 'm-1', queue: other }];
    await Promise.all(sent.map((options) => dispatcher.send(new Withdraw(schema), options)));
    await until('one of them to be a duplicate', () => duplicates.length > 0);
    expect([await count(), duplicates]).toEqual([1, ['m-1']]);
  });
});

describe("an inbox beside the caller's turn", () => {
  it('lets every message through, for nobody delivers it again', async () => {
    const [turn] = MODES;
    if (turn === undefined) throw new Error('there are modes');
    const { dispatcher, schema, count } = await startWallets(turn);
    for (const _ of [1, 2]) expect(await dispatcher.execute(new Withdraw(schema), { id: 'm-1' })).toBe('done');
    expect(await count()).toBe(2);
  });
});

describe('mistakes at bootstrap', () => {
  it('name what is wrong with the options of an inbox', async () => {
    const scope = inMemoryTransactions();
    const wrong = { scope, inbox: { store: {}, retentionMs: 0 } } as unknown as TransactionsOptions;
    const texts = (await mistakesOf({ options: { transactions: wrong } })).map(({ text }) => text);
    expect(texts).toEqual([
      expect.stringMatching(/"transactions.inbox".*"store".*without the method record\(\)/),
      expect.stringMatching(/"transactions.inbox".*"retentionMs", which is 0/),
    ]);
    const none = { scope, inbox: {} } as unknown as TransactionsOptions;
    expect((await mistakesOf({ options: { transactions: none } })).map(({ text }) => text)).toEqual([
      expect.stringMatching(/"transactions.inbox".*has no "store"/),
    ]);
  });

  it('do not keep an application with an inbox in memory from starting', async () => {
    const transactions = { scope: inMemoryTransactions(), inbox: { store: inMemoryInbox() } };
    const { dispatcher } = await startIn(
      { name: 'memory', queue: () => inMemoryQueue() },
      { options: { transactions, runMode: RunMode.Async } },
    );
    expect(dispatcher).toBeDefined();
  });
});
