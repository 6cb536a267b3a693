import { SWEPT_AT_ONCE } from '../tables/sweep.js';

/**
 * Makes the table of streams of numbered messages. The key is a hash, since keys are longer than an index takes, and may hold
 * characters that a text of Postgres cannot.
 */
export const SEQUENCE_STEPS: readonly ((schema: string) => string)[] = [
  (schema) => `CREATE TABLE "${schema}".dispatch_sequence (
      stream bytea PRIMARY KEY,
      next bigint NOT NULL,
      held_from bigint,
      gap_since timestamptz,
      touched_at timestamptz NOT NULL
    );
    CREATE INDEX dispatch_sequence_touched_at ON "${schema}".dispatch_sequence (touched_at);`,
];

/** The statements of the store. Each is atomic by itself, and all use the clock of the server. */
export interface SequenceStatements {
  /** Stream, number, the first number. One row. */
  readonly arrive: string;
  /** Stream, the number that is expected, the one to expect. One row where that was expected. */
  readonly advance: string;
  /** How long a stream is kept that rests, in ms. One row for each that is deleted. */
  readonly sweep: string;
}

/** The same, for a schema. */
export function sequenceStatements(schema: string): SequenceStatements {
  const table = `"${schema}".dispatch_sequence`;
  return {
    arrive: `INSERT INTO ${table} AS s (stream, next, held_from, gap_since, touched_at)
    VALUES ($1, $3::bigint, CASE WHEN $2::bigint > $3::bigint THEN $2::bigint END,
      CASE WHEN $2::bigint > $3::bigint THEN clock_timestamp() END, clock_timestamp())
    ON CONFLICT (stream) DO UPDATE SET touched_at = clock_timestamp(),
      held_from = CASE WHEN $2::bigint > s.next THEN LEAST(s.held_from, $2::bigint) ELSE s.held_from END,
      gap_since = CASE WHEN $2::bigint > s.next THEN COALESCE(s.gap_since, clock_timestamp()) ELSE s.gap_since END
    RETURNING next::double precision AS next, held_from::double precision AS held_from,
      COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - gap_since) * 1000, 0)::double precision AS gap_ms`,
    advance: `UPDATE ${table} SET next = $3::bigint, held_from = NULL, gap_since = NULL, touched_at = clock_timestamp()
    WHERE stream = $1 AND next = $2::bigint RETURNING 1`,
    sweep: `DELETE FROM ${table} WHERE stream IN (
      SELECT stream FROM ${table} WHERE touched_at <= now() - $1::double precision * interval '1 millisecond'
      LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
    ) RETURNING 1`,
  };
}
