/** Makes the table of payloads that are too large for a queue. After `ends_at` a row counts as gone. */
export const CLAIM_CHECK_STEPS: readonly ((schema: string) => string)[] = [
  (schema) => `CREATE TABLE "${schema}".dispatch_claim_check (
      id text PRIMARY KEY,
      payload text NOT NULL,
      ends_at timestamptz NOT NULL
    );
    CREATE INDEX dispatch_claim_check_ends_at ON "${schema}".dispatch_claim_check (ends_at);`,
];

/** The statements of the store. Each is atomic by itself, and all use the clock of the server. */
export interface ClaimCheckStatements {
  /** Id, payload, how long it is kept in ms. */
  readonly put: string;
  /** Id. No row where there is none. */
  readonly get: string;
  /** Id. */
  readonly remove: string;
  /** How many at most. One row for each that is deleted. */
  readonly sweep: string;
}

/** The same, for a schema. */
export function claimCheckStatements(schema: string): ClaimCheckStatements {
  const table = `"${schema}".dispatch_claim_check`;
  return {
    put: `INSERT INTO ${table} (id, payload, ends_at)
    VALUES ($1, $2, clock_timestamp() + $3::double precision * interval '1 millisecond')
    ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, ends_at = excluded.ends_at`,
    get: `SELECT payload FROM ${table} WHERE id = $1 AND ends_at > clock_timestamp()`,
    remove: `DELETE FROM ${table} WHERE id = $1`,
    sweep: `DELETE FROM ${table} WHERE id IN (
      SELECT id FROM ${table} WHERE ends_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED
    ) RETURNING 1`,
  };
}
