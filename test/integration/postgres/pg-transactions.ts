import type { TransactionScope } from 'nestjs-dispatch';
import type pg from 'pg';

/** Transactions on a pool of `pg`, as short as can be. */
export function pgTransactions(pool: pg.Pool): TransactionScope<pg.PoolClient> {
  return {
    async run(work) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
  };
}
