import { On, Projection, type ProjectionContext, type ProjectionTarget } from 'nestjs-dispatch';
import type { PostgresTransactionClient } from 'nestjs-dispatch/postgres';

import { LineAdded, OrderPlaced, OrderShipped } from '../orders/events.js';

type Context = ProjectionContext<PostgresTransactionClient>;

/** The table that a target of the projection is in: one is read, the other is there while the projection is rebuilt. */
export function summariesIn(target: ProjectionTarget): string {
  return `summaries_${target}`;
}

/** One row for each order. It is written in the transaction of its checkpoint, so no event counts twice. */
@Projection('order-summary')
export class OrderSummary {
  async prepare(target: ProjectionTarget, { client }: { client: PostgresTransactionClient }): Promise<void> {
    await client.query(`DROP TABLE IF EXISTS ${summariesIn(target)}`);
    await client.query(
      `CREATE TABLE ${summariesIn(target)} (id text PRIMARY KEY, customer text, cents integer, currency text, lines integer, is_shipped boolean)`,
    );
  }

  async drop(target: ProjectionTarget, { client }: { client: PostgresTransactionClient }): Promise<void> {
    await client.query(`DROP TABLE IF EXISTS ${summariesIn(target)}`);
  }

  @On(OrderPlaced)
  async placed({ customer, amount }: OrderPlaced, { client, target, stream }: Context): Promise<void> {
    await client.query(`INSERT INTO ${summariesIn(target)} VALUES ($1, $2, $3, $4, 0, false)`, [
      stream,
      customer,
      amount.cents,
      amount.currency,
    ]);
  }

  @On(LineAdded)
  async lineAdded({ cents }: LineAdded, { client, target, stream }: Context): Promise<void> {
    await client.query(`UPDATE ${summariesIn(target)} SET cents = cents + $2, lines = lines + 1 WHERE id = $1`, [
      stream,
      cents,
    ]);
  }

  @On(OrderShipped)
  async shipped(_event: OrderShipped, { client, target, stream }: Context): Promise<void> {
    await client.query(`UPDATE ${summariesIn(target)} SET is_shipped = true WHERE id = $1`, [stream]);
  }
}
