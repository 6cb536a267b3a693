import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  Idempotent,
  Message,
  Transactional,
  Transactions,
  type DispatchOptions,
} from 'nestjs-dispatch';
import { postgresIdempotency, postgresTransactions, type PostgresTransactionClient } from 'nestjs-dispatch/postgres';

import { freshSchema, SHARED } from '../../integration/postgres/fresh-schema.js';
import { rejectionOf } from '../../unit/dispatcher/application.js';
import { MODES, startIn, type Mode } from './modes.js';

@Message('seats.book')
class Book extends Command<{ readonly seats: number }> {
  constructor(
    readonly schema: string,
    readonly seat: string,
    readonly flaw: 'none' | 'commit' | 'slow' = 'none',
  ) {
    super();
  }
}

/** Counts how often the handler ran. */
@Injectable()
class Runs {
  count = 0;
}

@Idempotent({ key: ({ seat }: Book) => seat })
@Transactional()
@CommandHandler(Book)
class BookHandler {
  constructor(
    private readonly runs: Runs,
    private readonly transactions: Transactions<PostgresTransactionClient>,
  ) {}

  async execute({ schema, seat, flaw }: Book): Promise<{ readonly seats: number }> {
    this.runs.count += 1;
    const { client, current } = this.transactions;
    await client.query(`INSERT INTO "${schema}".seats VALUES ($1)`, [seat]);
    // After the outcome has been written in the transaction.
    if (flaw === 'commit') current?.beforeCommit(() => Promise.reject(new RangeError('no commit')));
    if (flaw === 'slow') await new Promise((resolve) => setTimeout(resolve, 150));
    return { seats: this.runs.count };
  }
}

async function startBooking(mode: Mode, timeoutMs = 0) {
  const { schema, pool } = freshSchema();
  await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".seats (seat text)`);
  const store = postgresIdempotency({ connection: SHARED, schema, migrate: true, inTransactions: true });
  const options: DispatchOptions = {
    transactions: { scope: postgresTransactions({ connection: SHARED }) },
    idempotency: { store, lockMs: 1000 },
    timeoutMs,
  };
  const providers = [Runs, BookHandler];
  const { dispatcher } = await startIn(mode, { providers, options, settings: { concurrency: 4, timeoutMs } });
  const count = async () => (await pool.query(`SELECT FROM "${schema}".seats`)).rowCount;
  const states = async () =>
    (await pool.query(`SELECT state FROM "${schema}".dispatch_idempotency`)).rows.map(({ state }) => String(state));
  return { dispatcher, schema, count, states };
}

describe.each(MODES)('through $name, an idempotent handler in a transaction', (mode) => {
  it('whose commit fails has no result kept, and the next one runs and is kept', async () => {
    const { dispatcher, schema, count, states } = await startBooking(mode);
    const failing = dispatcher.execute(new Book(schema, '7', 'commit'));
    expect(await rejectionOf(failing)).toMatchObject({ message: 'no commit' });
    expect([await count(), (await states()).includes('completed')]).toEqual([0, false]);
    expect(await dispatcher.execute(new Book(schema, '7'))).toEqual({ seats: 2 });
    expect(await dispatcher.execute(new Book(schema, '7', 'commit'))).toEqual({ seats: 2 });
    expect([await count(), await states()]).toEqual([1, ['completed']]);
  });

  it('runs once for duplicates at the same time, which get its result', async () => {
    const { dispatcher, schema, count } = await startBooking(mode);
    const booked = await Promise.all([1, 2, 3].map(() => dispatcher.execute(new Book(schema, '7'))));
    expect(booked).toEqual([{ seats: 1 }, { seats: 1 }, { seats: 1 }]);
    expect(await count()).toBe(1);
  });

  it('that takes too long, and is rolled back, leaves no result when it returns', async () => {
    const { dispatcher, schema, count } = await startBooking(mode, 60);
    const late = dispatcher.execute(new Book(schema, '7', 'slow'));
    expect(await rejectionOf(late)).toMatchObject({ code: 'DISPATCH_HANDLER_TIMEOUT' });
    // Told of the failure, where it comes before the handler has returned.
    await dispatcher.execute(new Book(schema, '7')).catch(() => undefined);
    expect(await dispatcher.execute(new Book(schema, '7'))).toEqual({ seats: 2 });
    expect(await count()).toBe(1);
  });
});
