import { namedText, type NamedText } from '../connection/named-text.js';

/** Makes the table of snapshots. The state is a text, since `jsonb` changes what it is given, and refuses some of it. */
export const SNAPSHOTS_STEPS: readonly ((schema: string) => string)[] = [
  (schema) => `CREATE TABLE "${schema}".dispatch_snapshots (
      stream text COLLATE "C" PRIMARY KEY,
      version bigint NOT NULL,
      schema_version integer NOT NULL,
      state text NOT NULL,
      taken_at timestamptz NOT NULL DEFAULT now()
    );`,
];

/** The statements of the store. Each is atomic by itself, and may be repeated. */
export interface SnapshotsStatements {
  /** Stream. With a name where the server is to keep it. */
  readonly load: NamedText;
  /** Stream, version, schema version, state. */
  readonly save: string;
  /** Stream. */
  readonly remove: string;
}

/** The same, for a schema. */
export function snapshotsStatements(schema: string, isPrepared: boolean): SnapshotsStatements {
  const table = `"${schema}".dispatch_snapshots`;
  return {
    load: namedText(`SELECT version, schema_version, state FROM ${table} WHERE stream = $1`, isPrepared),
    save: `INSERT INTO ${table} AS s (stream, version, schema_version, state) VALUES ($1, $2, $3, $4)
    ON CONFLICT (stream) DO UPDATE SET version = excluded.version, schema_version = excluded.schema_version,
      state = excluded.state, taken_at = excluded.taken_at
    WHERE s.version <= excluded.version`,
    remove: `DELETE FROM ${table} WHERE stream = $1`,
  };
}
