import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Transactions } from 'nestjs-dispatch';
import type { PostgresTransactionClient } from 'nestjs-dispatch/postgres';

/** Numbers without gaps: one that was taken by work that failed is taken again. */
@Injectable()
export class OrderNumbers implements OnModuleInit {
  constructor(private readonly transactions: Transactions<PostgresTransactionClient>) {}

  async onModuleInit(): Promise<void> {
    await this.transactions.run(async ({ client }) => {
      await client.query('CREATE TABLE IF NOT EXISTS numbers (last integer NOT NULL)');
      await client.query('INSERT INTO numbers SELECT 100 WHERE NOT EXISTS (SELECT FROM numbers)');
    });
  }

  /** The next number; only in a transaction. */
  async next(): Promise<string> {
    const { rows } = await this.transactions.client.query<{ last: number }>(
      'UPDATE numbers SET last = last + 1 RETURNING last',
    );
    return String(rows[0]?.last);
  }
}
