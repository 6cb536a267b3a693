import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { aggregateRepositoryToken, decider, DispatchModule, EventLog, type DeciderRepository } from 'nestjs-dispatch';
import { postgresEventStore, postgresSnapshots } from 'nestjs-dispatch/postgres';
import { Pool } from 'pg';

import type { Measurement } from '../scenario.js';
import { OrderPlaced, placed } from './order-placed.js';
import { storeScenarios } from './scenarios.js';
import { schemaOf, serverUrl, type LineCount } from './side.js';

const lineCounts = decider({
  name: 'order',
  events: [OrderPlaced],
  initialState: (): LineCount => ({ lines: 0 }),
  decide: (_command: object) => [],
  evolve: ({ lines }, event: OrderPlaced) => ({ lines: lines + event.lines.length }),
  snapshots: { every: 100 },
});

/** Starts an application with its events in a schema of its own, which begins empty unless it is to be kept. */
export async function startEvents(schema: string, isKept = false) {
  const connection = serverUrl();
  if (!isKept) {
    const pool = new Pool({ connectionString: connection });
    await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    await pool.end();
  }
  const options = { connection, schema, migrate: true };
  @Module({
    imports: [
      DispatchModule.forRoot({
        messages: [OrderPlaced],
        eventStore: { store: postgresEventStore(options), snapshots: postgresSnapshots(options) },
      }),
      DispatchModule.forFeature([lineCounts]),
    ],
  })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
}

/** The scenarios of this package: a real application, with no option but its stores. */
export async function ourScenarios(): Promise<readonly Measurement[]> {
  const app = await startEvents(schemaOf('ours'));
  const events = app.get(EventLog);
  const counts = app.get<DeciderRepository<LineCount, object, OrderPlaced>>(aggregateRepositoryToken(lineCounts));
  return storeScenarios({
    append: (stream, list, expectedVersion) => events.append(stream, list.map(placed), { expectedVersion }),
    async read(stream) {
      let lines = 0;
      for await (const { event } of events.readStream<OrderPlaced>(stream)) lines += event.lines.length;
      return lines;
    },
    async readWithSnapshot(stream) {
      const { state } = await counts.load(stream.slice('order-'.length));
      return state.lines;
    },
  });
}
