import 'reflect-metadata';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';

import { DispatchModule, Event, inMemoryEventStore, Message, On, Projection } from '../../../../lib/index.js';
import type { ProjectionContext, ProjectionTarget } from '../../../../lib/index.js';
import { postgresCheckpoints } from '../../../../lib/integrations/postgres/index.js';
import { transactionsOn } from '../../../integration/postgres/transactions-on.js';
import type { ProcessConfig } from '../../../processes/programs.js';

/** What a projector is told when it is started. */
export interface ProjectorConfig extends ProcessConfig {
  readonly url: string;
  readonly schema: string;
  /** How many events there are. */
  readonly count: number;
}

// Its parent makes it of this very type.
const config = JSON.parse(process.argv[2] ?? '{}') as ProjectorConfig;
const { url, schema, count } = config;
// Nobody is left to look at it.
process.once('disconnect', () => process.exit(1));

@Message('crash.counted')
class Counted extends Event {
  readonly number: number = 0;
}

@Projection('rows', { batchSize: 20 })
class Rows {
  @On(Counted)
  async counted({ number }: Counted, { client, target }: ProjectionContext<pg.PoolClient>) {
    await client.query(`INSERT INTO "${schema}".rows_${target} SELECT $1 FROM pg_sleep(0.005)`, [number]);
  }

  async prepare(target: ProjectionTarget, { client }: { client: pg.PoolClient }) {
    await client.query(`CREATE TABLE "${schema}".rows_${target} (number int)`);
  }
}

const store = inMemoryEventStore();
// Every process has the same events, at the same positions: what is tried is what the projection makes of them.
for (let number = 1; number <= count; number++) {
  const event = { id: `event-${number}`, name: 'crash.counted', schemaVersion: 1, metadata: {} };
  await store.append('count-1', [{ ...event, payload: JSON.stringify({ number }) }], { expectedVersion: 'any' });
}
const pool = new pg.Pool({ connectionString: url, max: 3 });
pool.on('error', () => undefined);

@Module({
  imports: [
    DispatchModule.forRoot({
      eventStore: { store },
      transactions: { scope: transactionsOn(pool) },
      projections: {
        checkpoints: postgresCheckpoints({ connection: url, schema, migrate: true, idleInTransactionMs: 1000 }),
        leaseMs: 1000,
        pollMs: 50,
      },
    }),
  ],
  providers: [Rows],
})
class ProjectorModule {}

const app = await NestFactory.createApplicationContext(ProjectorModule, { logger: ['warn', 'error'] });
process.once('SIGTERM', () => void app.close().then(() => pool.end()));
