import { Projections, QueryHandler, Transactions } from 'nestjs-dispatch';
import type { PostgresTransactionClient } from 'nestjs-dispatch/postgres';

import { summariesIn } from './order-summary.projection.js';
import { GetSummaries, type Summary } from './queries.js';

@QueryHandler(GetSummaries)
export class GetSummariesHandler {
  constructor(
    private readonly projections: Projections,
    private readonly transactions: Transactions<PostgresTransactionClient>,
  ) {}

  async execute({ afterPosition }: GetSummaries): Promise<readonly Summary[]> {
    await this.projections.whenCaughtUp('order-summary', afterPosition, { timeoutMs: 5000 });
    const target = await this.projections.active('order-summary');
    const { rows } = await this.transactions.run(({ client }) =>
      client.query<Summary>(
        `SELECT id, customer, cents, currency, lines, is_shipped AS "isShipped" FROM ${summariesIn(target)} ORDER BY id`,
      ),
    );
    return rows;
  }
}
