import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  Message,
  OnError,
  retry,
  Transactional,
  Transactions,
  type HandlerContext,
} from 'nestjs-dispatch';
import { postgresTransactions, type PostgresTransactionClient } from 'nestjs-dispatch/postgres';

import { freshSchema, SHARED } from '../../integration/postgres/fresh-schema.js';
import { rejectionOf } from '../../unit/dispatcher/application.js';
import { MODES, startIn, type Mode } from './modes.js';

@Message('accounts.move-money')
class MoveMoney extends Command<number> {
  constructor(
    readonly schema: string,
    readonly cents: number,
    readonly flaw: 'none' | 'once' | 'after' | 'slow' = 'none',
  ) {
    super();
  }
}

/** Runs its statements in the transaction of whoever calls it. */
@Injectable()
class Accounts {
  constructor(private readonly transactions: Transactions<PostgresTransactionClient>) {}

  async add(schema: string, account: string, cents: number): Promise<void> {
    await this.transactions.client.query(`INSERT INTO "${schema}".entries VALUES ($1, $2)`, [account, cents]);
  }
}

@Transactional({ isolation: 'repeatable read' })
@CommandHandler(MoveMoney)
@OnError(RangeError, retry('1ms'))
class MoveMoneyHandler {
  constructor(private readonly accounts: Accounts) {}

  async execute({ schema, cents, flaw }: MoveMoney, { attempt }: HandlerContext): Promise<number> {
    await this.accounts.add(schema, 'from', -cents);
    if (flaw === 'once' && attempt === 1) throw new RangeError('deadlock');
    if (flaw === 'after') throw new TypeError('no such account');
    // No statement is under way when the time is over.
    if (flaw === 'slow') await new Promise((resolve) => setTimeout(resolve, 150));
    await this.accounts.add(schema, 'to', cents);
    return attempt;
  }
}

async function startAccounts(mode: Mode, timeoutMs = 0) {
  const { schema, pool } = freshSchema();
  await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".entries (account text, cents int)`);
  const transactions = { scope: postgresTransactions({ connection: SHARED }) };
  const providers = [Accounts, MoveMoneyHandler];
  const { dispatcher } = await startIn(mode, {
    providers,
    options: { transactions, timeoutMs },
    settings: { timeoutMs },
  });
  const entries = async () => (await pool.query(`SELECT account, cents FROM "${schema}".entries ORDER BY cents`)).rows;
  return { dispatcher, schema, entries };
}

describe.each(MODES)('through $name', (mode) => {
  it('a transactional handler that fails leaves nothing behind, and the next is committed', async () => {
    const { dispatcher, schema, entries } = await startAccounts(mode);
    const failing = dispatcher.execute(new MoveMoney(schema, 5, 'after'));
    expect(await rejectionOf(failing)).toMatchObject({ message: 'no such account' });
    expect(await entries()).toEqual([]);
    await dispatcher.execute(new MoveMoney(schema, 7));
    expect(await entries()).toEqual([
      { account: 'from', cents: -7 },
      { account: 'to', cents: 7 },
    ]);
  });

  it('a transactional handler that is tried again has written once', async () => {
    const { dispatcher, schema, entries } = await startAccounts(mode);
    expect(await dispatcher.execute(new MoveMoney(schema, 7, 'once'))).toBe(2);
    expect(await entries()).toHaveLength(2);
  });

  it('a transactional handler that takes too long is rolled back, though it returns later', async () => {
    const { dispatcher, schema, entries } = await startAccounts(mode, 60);
    const late = dispatcher.execute(new MoveMoney(schema, 7, 'slow'));
    expect(await rejectionOf(late)).toMatchObject({ code: 'DISPATCH_HANDLER_TIMEOUT' });
    await dispatcher.execute(new MoveMoney(schema, 3));
    expect(await entries()).toHaveLength(2);
  });
});
