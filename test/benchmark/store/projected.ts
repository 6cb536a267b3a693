import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DispatchModule, EventLog, On, Projection, type ProjectionContext } from 'nestjs-dispatch';
import {
  migratePostgres,
  postgresCheckpoints,
  postgresEventStore,
  postgresTransactions,
  type PostgresTransactionClient,
} from 'nestjs-dispatch/postgres';
import { Pool } from 'pg';

import type { Measurement } from '../scenario.js';
import { OrderPlaced, placed } from './order-placed.js';
import { projectedScenario } from './scenarios.js';
import { projectSql, schemaOf, serverUrl } from './side.js';

/** The scenario with a projection inline: an application of its own, since what transactions switch on slows every promise of a process. */
export async function projectedScenarios(): Promise<readonly Measurement[]> {
  const events = await startProjected();
  return [
    projectedScenario((stream, list, expectedVersion) => events.append(stream, list.map(placed), { expectedVersion })),
  ];
}

/** Starts an application whose appends write a projection, in a schema of its own, which begins empty. */
async function startProjected(): Promise<EventLog> {
  const [connection, schema] = [serverUrl(), schemaOf('projected')];
  const pool = new Pool({ connectionString: connection });
  await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  await migratePostgres({ connection: pool, schema });
  await pool.query(`CREATE TABLE "${schema}".totals (stream text PRIMARY KEY, lines integer NOT NULL)`);
  await pool.end();
  const project = projectSql(`"${schema}".totals`);

  @Projection('totals', { mode: 'inline' })
  class Totals {
    @On(OrderPlaced)
    async placed({ lines }: OrderPlaced, { client, stream }: ProjectionContext<PostgresTransactionClient>) {
      await client.query({ name: 'project', text: project, values: [stream, lines.length] });
    }
  }

  const options = {
    eventStore: { store: postgresEventStore({ connection, schema }) },
    transactions: { scope: postgresTransactions({ connection }) },
  };
  @Module({ imports: [DispatchModule.forRoot(options)], providers: [Totals] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  return app.get(EventLog);
}

/** Starts an application with a projection that hands the customer of each order on, over the events that a schema has. */
export async function startProjecting(schema: string, note: (customer: string) => void) {
  const connection = serverUrl();

  @Projection('customers')
  class Customers {
    @On(OrderPlaced)
    placed({ customer }: OrderPlaced): void {
      note(customer);
    }
  }

  const options = {
    eventStore: { store: postgresEventStore({ connection, schema }) },
    transactions: { scope: postgresTransactions({ connection }) },
    projections: { checkpoints: postgresCheckpoints({ connection, schema }) },
  };
  @Module({ imports: [DispatchModule.forRoot(options)], providers: [Customers] })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
}
