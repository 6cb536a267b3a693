import { SWEPT_AT_ONCE } from '../tables/sweep.js';

/**
 * Makes the table of idempotent calls. A row is a call that runs (`ends_at` is the end of its lock), is completed, or has
 * failed; after `ends_at` it counts as gone. The key is a hash, since keys are longer than an index takes, and may hold
 * characters that a text of Postgres cannot.
 */
export const IDEMPOTENCY_STEPS: readonly ((schema: string) => string)[] = [
  (schema) => `CREATE TABLE "${schema}".dispatch_idempotency (
      key bytea PRIMARY KEY,
      state text NOT NULL,
      token text NOT NULL,
      outcome text,
      ends_at timestamptz NOT NULL
    );
    CREATE INDEX dispatch_idempotency_ends_at ON "${schema}".dispatch_idempotency (ends_at);`,
];

/** The statements of the store. Each is atomic by itself, and all use the clock of the server. */
export interface IdempotencyStatements {
  /** Key, token, lock in ms, whether it waits. No row where somebody else has the key. */
  readonly claim: string;
  /** Key, token, lock in ms. One row where the lock is held. */
  readonly renew: string;
  /** Key, token, outcome, how long it is kept in ms. One row where this token's outcome is kept. */
  readonly complete: string;
  /** Key, token. */
  readonly free: string;
  /** Key, token, outcome, how long it is kept in ms. */
  readonly fail: string;
  readonly sweep: string;
}

/** The same, for a schema. */
export function idempotencyStatements(schema: string): IdempotencyStatements {
  const table = `"${schema}".dispatch_idempotency`;
  const isOver = 'held.ends_at <= clock_timestamp()';
  const lock = (isFree: string): string => `INSERT INTO ${table} AS held (key, state, token, ends_at)
    VALUES ($1, 'running', $2, ${inMs('$3')})
    ON CONFLICT (key) DO UPDATE SET state = 'running', token = excluded.token, outcome = NULL, ends_at = excluded.ends_at
    WHERE ${isOver} OR (held.state = 'running' AND held.token = excluded.token) OR ${isFree}`;
  return {
    // What cannot be claimed is read as it was when the statement began: both are true of one moment of the call.
    claim: `WITH claimed AS (${lock("(held.state = 'failed' AND NOT $4::boolean)")} RETURNING 1)
    SELECT 'claimed' AS status, NULL AS outcome FROM claimed
    UNION ALL
    SELECT state, outcome FROM ${table}
    WHERE key = $1 AND ends_at > clock_timestamp() AND (state = 'completed' OR (state = 'failed' AND $4::boolean))
      AND NOT EXISTS (SELECT FROM claimed)`,
    renew: `${lock("held.state = 'failed'")} RETURNING 1`,
    complete: `INSERT INTO ${table} AS held (key, state, token, outcome, ends_at)
    VALUES ($1, 'completed', $2, $3, ${inMs('$4')})
    ON CONFLICT (key) DO UPDATE SET state = 'completed', token = excluded.token, outcome = excluded.outcome, ends_at = excluded.ends_at
    WHERE ${isOver} OR held.state = 'failed' OR held.token = excluded.token
    RETURNING 1`,
    free: `DELETE FROM ${table} WHERE key = $1 AND token = $2 AND state = 'running'`,
    fail: `UPDATE ${table} SET state = 'failed', outcome = $3, ends_at = ${inMs('$4')}
    WHERE key = $1 AND token = $2 AND state = 'running'`,
    sweep: `DELETE FROM ${table} WHERE key IN (
      SELECT key FROM ${table} WHERE ends_at <= now() LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
    ) RETURNING 1`,
  };
}

function inMs(parameter: string): string {
  return `clock_timestamp() + ${parameter}::double precision * interval '1 millisecond'`;
}
