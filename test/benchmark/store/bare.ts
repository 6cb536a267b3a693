import { randomUUID } from 'node:crypto';

import { Pool } from 'pg';

import type { OrderData } from '../queue/orders.js';
import type { Measurement } from '../scenario.js';
import { storeScenarios } from './scenarios.js';
import { projectSql, schemaOf, serverUrl, type LineCount, type StoreSide } from './side.js';

const SNAPSHOT_VERSION = 1;
const PAGE = 500;

/** The same columns and indexes as ours, since a table that serves the same questions needs them. */
function tables(schema: string): string {
  return `DROP SCHEMA IF EXISTS "${schema}" CASCADE;
    CREATE SCHEMA "${schema}";
    CREATE TABLE "${schema}".events (
      position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      version bigint NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT now(),
      schema_version integer NOT NULL,
      stream text COLLATE "C" NOT NULL,
      name text COLLATE "C" NOT NULL,
      id text NOT NULL,
      payload text NOT NULL,
      metadata json NOT NULL,
      UNIQUE (stream, version)
    );
    CREATE INDEX ON "${schema}".events (name, position);
    CREATE INDEX ON "${schema}".events (split_part(stream, '-', 1), position);
    CREATE TABLE "${schema}".snapshots (stream text PRIMARY KEY, version bigint, schema_version integer, state text);
    CREATE TABLE "${schema}".totals (stream text PRIMARY KEY, lines integer NOT NULL);`;
}

/**
 * The scenarios of bare SQL: one statement for each append, kept by the server under a name, with the expected version looked at, and the
 * unique index for two who look at once. Each event has an id and metadata, as everybody's have.
 */
export async function bareScenarios(): Promise<readonly Measurement[]> {
  const schema = schemaOf('bare');
  const pool = new Pool({ connectionString: serverUrl() });
  await pool.query(tables(schema));
  return storeScenarios(bareSide(pool, schema));
}

function bareSide(pool: Pool, schema: string): StoreSide {
  const append = appender(pool, schema);
  const connecting = pool.connect();
  const appendOn = connecting.then((client) => appender(client, schema));
  const readFrom = async (stream: string, start: LineCount & { readonly version: number }): Promise<LineCount> => {
    let [lines, after] = [start.lines, start.version];
    for (let count = PAGE; count === PAGE;) {
      const { rows } = await pool.query<{ version: string; payload: string; metadata: object }>({
        name: 'read',
        text: `SELECT position, version, recorded_at, schema_version, name, id, payload, metadata
          FROM "${schema}".events WHERE stream = $1 AND version > $2 ORDER BY version LIMIT ${PAGE}`,
        values: [stream, after],
      });
      for (const { version, payload } of rows) {
        lines += (JSON.parse(payload) as OrderData).lines.length;
        after = Number(version);
      }
      count = rows.length;
    }
    return { lines };
  };
  return {
    append,
    async appendProjected(stream, events, version) {
      const [client, appendInIt] = [await connecting, await appendOn];
      await client.query('BEGIN');
      await appendInIt(stream, events, version);
      for (const { lines } of events) {
        await client.query({ name: 'project', text: projectSql(`"${schema}".totals`), values: [stream, lines.length] });
      }
      await client.query('COMMIT');
    },
    read: async (stream) => (await readFrom(stream, { lines: 0, version: 0 })).lines,
    async readWithSnapshot(stream) {
      const { rows } = await pool.query<{ version: string; state: string }>({
        name: 'load',
        text: `SELECT version, state FROM "${schema}".snapshots WHERE stream = $1 AND schema_version = ${SNAPSHOT_VERSION}`,
        values: [stream],
      });
      const [row] = rows;
      if (row !== undefined) {
        const { lines } = JSON.parse(row.state) as LineCount;
        return (await readFrom(stream, { lines, version: Number(row.version) })).lines;
      }
      const state = await readFrom(stream, { lines: 0, version: 0 });
      await pool.query(
        `INSERT INTO "${schema}".snapshots SELECT $1, max(version), ${SNAPSHOT_VERSION}, $2 FROM "${schema}".events WHERE stream = $1`,
        [stream, JSON.stringify(state)],
      );
      return state.lines;
    },
  };
}

function appender(pool: Pick<Pool, 'query'>, schema: string): StoreSide['append'] {
  const columns = 'stream, version, id, name, schema_version, payload, metadata';
  const expected = `$2::bigint = (SELECT coalesce(max(version), 0) FROM "${schema}".events WHERE stream = $1)`;
  const one = {
    name: 'append-one',
    text: `INSERT INTO "${schema}".events (${columns})
      SELECT $1, $2::bigint + 1, $3, $4, $5, $6, $7 WHERE ${expected} RETURNING position`,
  };
  const several = {
    name: 'append-several',
    text: `INSERT INTO "${schema}".events (${columns})
      SELECT $1, $2::bigint + nth, id, name, schema_version, payload, metadata::json
      FROM unnest($3::text[], $4::text[], $5::int[], $6::text[], $7::text[]) WITH ORDINALITY
        AS n(id, name, schema_version, payload, metadata, nth)
      WHERE ${expected} RETURNING position`,
  };
  return async (stream, events, version) => {
    const rows = events.map((event) => {
      const id = randomUUID();
      const { customer, currency, lines } = event;
      const payload = JSON.stringify({ id: event.id, customer, currency, lines });
      return [id, 'benchmark.order-placed', 1, payload, JSON.stringify({ correlationId: id })] as const;
    });
    const [row] = rows;
    const isOne = rows.length === 1 && row !== undefined;
    const lists = [0, 1, 2, 3, 4].map((column) => rows.map((cells) => cells[column]));
    const { rowCount } = await pool.query(
      isOne ? { ...one, values: [stream, version, ...row] } : { ...several, values: [stream, version, ...lists] },
    );
    if (rowCount !== events.length) throw new Error(`"${stream}" has another version than ${version}`);
  };
}
