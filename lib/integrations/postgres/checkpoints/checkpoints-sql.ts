/**
 * Makes the tables of projections. Owners have a table of their own, so that one can prolong its lease while its batch keeps the
 * record of the target locked. The token is unique: so an update of it, as by one who takes over, waits for whoever has a share of the row,
 * and a prolongation does not.
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-ROWS
 */
export const CHECKPOINTS_STEPS: readonly ((schema: string) => string)[] = [
  (schema) => `CREATE TABLE "${schema}".dispatch_projections (
      projection text NOT NULL,
      target text NOT NULL,
      version integer NOT NULL,
      position bigint NOT NULL DEFAULT 0,
      replay_until bigint NOT NULL DEFAULT 0,
      is_active boolean NOT NULL,
      stop_reason text,
      updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (projection, target)
    );
    CREATE TABLE "${schema}".dispatch_projection_owners (
      projection text NOT NULL,
      target text NOT NULL,
      token text NOT NULL UNIQUE,
      owned_until timestamptz NOT NULL,
      PRIMARY KEY (projection, target)
    );
    CREATE TABLE "${schema}".dispatch_parked_events (
      projection text NOT NULL,
      target text NOT NULL,
      position bigint NOT NULL,
      stream text NOT NULL,
      version bigint NOT NULL,
      event_id text NOT NULL,
      name text NOT NULL,
      error text NOT NULL,
      is_stream_parked boolean NOT NULL,
      is_retried boolean NOT NULL DEFAULT false,
      parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (projection, target, position)
    );
    CREATE INDEX dispatch_parked_events_stream ON "${schema}".dispatch_parked_events (projection, target, stream);`,
];

/** The statements of the store; `$1` is the projection, `$2` the target, `$3` the token of the owner, where not said otherwise. */
export interface CheckpointStatements {
  /** Projection, or null for all. */
  readonly targets: string;
  /** Projection, target, version, whether it is active. One row where it is made. */
  readonly begin: string;
  /** And the lease in ms. One row where it is owned now. */
  readonly acquire: string;
  /** Projection, target. */
  readonly start: string;
  /** And the lease in ms. One row where it is still owned. */
  readonly renew: string;
  readonly release: string;
  /** And the position, and how long the transaction may idle in ms, as text. One row where it is owned. */
  readonly save: string;
  /** And the reason. */
  readonly stop: string;
  /** Projection. One row for each that was stopped. */
  readonly resume: string;
  /** Projection. */
  readonly lockActive: string;
  readonly promote: string;
  /** Projection, target. */
  readonly reset: string;
  /** Projection, target. */
  readonly remove: string;
  /** And position, stream, version, event id, name, error, whether its stream is parked. */
  readonly park: string;
  /** And the position. */
  readonly unpark: string;
  /** Projection, target or null, stream or null, position, limit. */
  readonly parked: string;
  /** Projection, target or null, stream or null. */
  readonly discardParked: string;
  /** Projection, target. */
  readonly parkedStreams: string;
  /** Projection, target. Keeps whoever discards them waiting. */
  readonly lockParkedStreams: string;
  /** Projection, target or null, stream or null. */
  readonly requestRetry: string;
  /** Projection, target, limit, position. */
  readonly toRetry: string;
}

const KEY = 'projection = $1 AND target = $2';
const FITS = '($2::text IS NULL OR target = $2) AND ($3::text IS NULL OR stream = $3)';

/** The same, for a schema. Those that lock an owner and a target do it in that order, so that no two wait for each other. */
export function checkpointStatements(schema: string): CheckpointStatements {
  const tables: Tables = {
    targets: `"${schema}".dispatch_projections`,
    owners: `"${schema}".dispatch_projection_owners`,
    parked: `"${schema}".dispatch_parked_events`,
  };
  return { ...owning(tables), ...moving(tables), ...switching(tables), ...parking(tables) };
}

interface Tables {
  readonly targets: string;
  readonly owners: string;
  readonly parked: string;
}

/** Keeps whoever takes over waiting, and nobody else. */
function ownedIn(owners: string): string {
  return `owned AS (SELECT 1 FROM ${owners} WHERE ${KEY} AND token = $3 FOR KEY SHARE)`;
}

function owning({
  targets,
  owners,
}: Tables): Pick<CheckpointStatements, 'acquire' | 'start' | 'renew' | 'release' | 'stop' | 'resume'> {
  return {
    acquire: `INSERT INTO ${owners} AS held (projection, target, token, owned_until)
    SELECT projection, target, $3, ${inMs('$4')} FROM ${targets} WHERE ${KEY} AND stop_reason IS NULL
    ON CONFLICT (projection, target) DO UPDATE SET token = excluded.token, owned_until = excluded.owned_until
    WHERE held.owned_until <= clock_timestamp() OR held.token = excluded.token
    RETURNING 1`,
    start: `SELECT position, replay_until FROM ${targets} WHERE ${KEY}`,
    renew: `UPDATE ${owners} SET owned_until = ${inMs('$4')}
    WHERE ${KEY} AND token = $3 AND EXISTS (SELECT FROM ${targets} WHERE ${KEY}) RETURNING 1`,
    release: `DELETE FROM ${owners} WHERE ${KEY} AND token = $3`,
    stop: `WITH gone AS (DELETE FROM ${owners} WHERE ${KEY} AND token = $3 RETURNING 1)
    UPDATE ${targets} SET stop_reason = $4 WHERE ${KEY} AND EXISTS (SELECT FROM gone) RETURNING 1`,
    resume: `UPDATE ${targets} SET stop_reason = NULL WHERE projection = $1 AND stop_reason IS NOT NULL RETURNING 1`,
  };
}

function moving({
  targets,
  owners,
  parked,
}: Tables): Pick<CheckpointStatements, 'targets' | 'begin' | 'save' | 'lockActive'> {
  return {
    targets: `SELECT t.projection, t.target, t.version, t.position, t.replay_until, t.is_active, t.stop_reason, t.updated_at,
      EXISTS (SELECT FROM ${owners} o WHERE o.projection = t.projection AND o.target = t.target
        AND o.owned_until > clock_timestamp()) AS is_owned,
      (SELECT count(*) FROM ${parked} p WHERE p.projection = t.projection AND p.target = t.target) AS parked_count
    FROM ${targets} t WHERE $1::text IS NULL OR t.projection = $1 ORDER BY t.projection COLLATE "C", t.target`,
    // Whoever owned one that was there before must not own this.
    begin: `WITH gone AS (
      DELETE FROM ${owners} WHERE ${KEY} AND NOT EXISTS (SELECT FROM ${targets} WHERE ${KEY}) RETURNING 1
    )
    INSERT INTO ${targets} (projection, target, version, is_active)
    SELECT $1, $2, $3::integer, $4::boolean WHERE (SELECT count(*) FROM gone) >= 0
    ON CONFLICT DO NOTHING RETURNING 1`,
    // A transaction whose process is stopped, or cut off, ends by itself, and does not keep the next owner waiting.
    save: `WITH ${ownedIn(owners)}
    UPDATE ${targets} SET position = $4, updated_at = clock_timestamp() WHERE ${KEY} AND EXISTS (SELECT FROM owned)
    RETURNING set_config('idle_in_transaction_session_timeout', $5, true)`,
    lockActive: `SELECT position FROM ${targets} WHERE projection = $1 AND is_active FOR UPDATE`,
  };
}

function switching({ targets, owners, parked }: Tables): Pick<CheckpointStatements, 'promote' | 'reset' | 'remove'> {
  return {
    // The old owner stays in its table: it has nothing left to write to, and a lock on it could wait for one that waits for us.
    promote: `WITH ${ownedIn(owners)}, made AS (
      UPDATE ${targets} SET is_active = true,
        replay_until = GREATEST(position, (SELECT max(replay_until) FROM ${targets} WHERE projection = $1))
      WHERE ${KEY} AND EXISTS (SELECT FROM owned) RETURNING projection, target
    ), gone AS (
      DELETE FROM ${targets} t USING made WHERE t.projection = made.projection AND t.target <> made.target
      RETURNING t.projection, t.target
    ), forgotten AS (
      DELETE FROM ${parked} p USING gone WHERE p.projection = gone.projection AND p.target = gone.target
    )
    SELECT 1 FROM made`,
    reset: `WITH gone AS (DELETE FROM ${owners} WHERE ${KEY} RETURNING 1), forgotten AS (
      DELETE FROM ${parked} WHERE ${KEY}
    )
    UPDATE ${targets} SET position = 0, replay_until = GREATEST(position, replay_until), stop_reason = NULL,
      updated_at = clock_timestamp()
    WHERE ${KEY} AND (SELECT count(*) FROM gone) >= 0 RETURNING 1`,
    remove: `WITH gone AS (
      DELETE FROM ${owners} WHERE ${KEY} AND EXISTS (SELECT FROM ${targets} WHERE ${KEY} AND NOT is_active) RETURNING 1
    ), removed AS (
      DELETE FROM ${targets} WHERE ${KEY} AND NOT is_active AND (SELECT count(*) FROM gone) >= 0 RETURNING 1
    ), forgotten AS (
      DELETE FROM ${parked} WHERE ${KEY} AND EXISTS (SELECT FROM removed)
    )
    SELECT 1 FROM removed`,
  };
}

function parking({
  owners,
  parked,
}: Tables): Pick<
  CheckpointStatements,
  'park' | 'unpark' | 'parked' | 'discardParked' | 'parkedStreams' | 'lockParkedStreams' | 'requestRetry' | 'toRetry'
> {
  return {
    park: `WITH ${ownedIn(owners)}
    INSERT INTO ${parked} (projection, target, position, stream, version, event_id, name, error, is_stream_parked)
    SELECT $1, $2, $4::bigint, $5, $6::bigint, $7, $8, $9, $10::boolean WHERE EXISTS (SELECT FROM owned)
    ON CONFLICT (projection, target, position) DO UPDATE SET error = excluded.error, is_retried = false,
      is_stream_parked = excluded.is_stream_parked, parked_at = clock_timestamp()
    RETURNING 1`,
    unpark: `WITH ${ownedIn(owners)}, gone AS (
      DELETE FROM ${parked} WHERE ${KEY} AND position = $4 AND EXISTS (SELECT FROM owned)
    )
    SELECT 1 FROM owned`,
    parked: `SELECT ${PARKED} FROM ${parked} WHERE projection = $1 AND ${FITS} AND position > $4 ORDER BY position LIMIT $5`,
    // In the order in which others lock them.
    discardParked: `WITH meant AS (
      SELECT target, position FROM ${parked} WHERE projection = $1 AND ${FITS} ORDER BY target, position FOR UPDATE
    )
    DELETE FROM ${parked} p USING meant WHERE p.projection = $1 AND p.target = meant.target AND p.position = meant.position
    RETURNING 1`,
    parkedStreams: `SELECT DISTINCT stream FROM ${parked} WHERE ${KEY} AND is_stream_parked`,
    // One row of each stream will do: who discards one of them discards all.
    lockParkedStreams: `SELECT stream FROM ${parked} p WHERE ${KEY} AND is_stream_parked AND NOT EXISTS (
      SELECT FROM ${parked} e WHERE e.projection = $1 AND e.target = $2 AND e.stream = p.stream AND e.is_stream_parked
        AND e.position < p.position
    ) ORDER BY position FOR KEY SHARE OF p`,
    requestRetry: `UPDATE ${parked} SET is_retried = true WHERE projection = $1 AND ${FITS} RETURNING 1`,
    toRetry: `SELECT ${PARKED} FROM ${parked} WHERE ${KEY} AND (is_retried OR (is_stream_parked AND stream IN (
      SELECT stream FROM ${parked} WHERE ${KEY} AND is_retried
    ))) AND position > $4 ORDER BY position LIMIT $3`,
  };
}

const PARKED = 'projection, target, position, stream, version, event_id, name, error, is_stream_parked, parked_at';

function inMs(parameter: string): string {
  return `clock_timestamp() + ${parameter}::double precision * interval '1 millisecond'`;
}
