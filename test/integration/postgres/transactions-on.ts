import type { TransactionScope } from 'nestjs-dispatch';
import type pg from 'pg';

/** Transactions on a pool of `pg`, as an application may write them itself. */
export function transactionsOn(pool: pg.Pool): TransactionScope<pg.PoolClient> {
  return {
    async run(work) {
      const client = await pool.connect();
      // A server that ends the session tells it here, too; the statement that follows fails with it.
      const ignore = (): void => undefined;
      client.on('error', ignore);
      let failure: Error | undefined;
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((broken: unknown) => {
          failure = new Error('broken', { cause: broken });
        });
        throw error;
      } finally {
        client.removeListener('error', ignore);
        client.release(failure);
      }
    },
  };
}
