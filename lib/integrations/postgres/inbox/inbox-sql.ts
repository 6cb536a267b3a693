import { SWEPT_AT_ONCE } from '../tables/sweep.js';

/**
 * Makes the table of messages that handlers have handled. The key is a hash, since keys are longer than an index takes, and may hold
 * characters that a text of Postgres cannot.
 */
export const INBOX_STEPS: readonly ((schema: string) => string)[] = [
  (schema) => `CREATE TABLE "${schema}".dispatch_inbox (
      key bytea PRIMARY KEY,
      handled_at timestamptz NOT NULL,
      ends_at timestamptz NOT NULL
    );
    CREATE INDEX dispatch_inbox_ends_at ON "${schema}".dispatch_inbox (ends_at);`,
];

/** The statements of the store. */
export interface InboxStatements {
  /** Key, how long it is kept in ms. One row where it was not known. Waits for a transaction under way that has written the same. */
  readonly record: string;
  /** One row for each that is deleted. */
  readonly sweep: string;
}

/** The same, for a schema. */
export function inboxStatements(schema: string): InboxStatements {
  const table = `"${schema}".dispatch_inbox`;
  return {
    record: `INSERT INTO ${table} AS held (key, handled_at, ends_at)
    VALUES ($1, clock_timestamp(), clock_timestamp() + $2::double precision * interval '1 millisecond')
    ON CONFLICT (key) DO UPDATE SET handled_at = excluded.handled_at, ends_at = excluded.ends_at
    WHERE held.ends_at <= clock_timestamp()
    RETURNING 1`,
    sweep: `DELETE FROM ${table} WHERE key IN (
      SELECT key FROM ${table} WHERE ends_at <= now() LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
    ) RETURNING 1`,
  };
}
