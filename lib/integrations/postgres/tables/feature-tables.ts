import { CHECKPOINTS_STEPS } from '../checkpoints/checkpoints-sql.js';
import { CLAIM_CHECK_STEPS } from '../claim-check/claim-check-sql.js';
import { DEAD_LETTERS_STEPS } from '../dead-letters/dead-letters-sql.js';
import { EVENT_STORE_STEPS } from '../event-store/event-store-tables.js';
import { IDEMPOTENCY_STEPS } from '../idempotency/idempotency-sql.js';
import { INBOX_STEPS } from '../inbox/inbox-sql.js';
import { OUTBOX_STEPS } from '../outbox/outbox-sql.js';
import { SEQUENCE_STEPS } from '../sequence/sequence-sql.js';
import { SNAPSHOTS_STEPS } from '../snapshots/snapshots-sql.js';

/**
 * The steps that make the tables of each feature, in order. A step is written once and never changed: what is to be
 * different is a further step, which must leave the tables usable for the release before.
 */
const STEPS = {
  checkpoints: CHECKPOINTS_STEPS,
  'claim-check': CLAIM_CHECK_STEPS,
  'dead-letters': DEAD_LETTERS_STEPS,
  'event-store': EVENT_STORE_STEPS,
  idempotency: IDEMPOTENCY_STEPS,
  inbox: INBOX_STEPS,
  outbox: OUTBOX_STEPS,
  sequence: SEQUENCE_STEPS,
  snapshots: SNAPSHOTS_STEPS,
} satisfies Record<string, readonly ((schema: string) => string)[]>;

/** What has tables of its own. */
export type PostgresFeature = keyof typeof STEPS;

/** All of them. */
export const FEATURES = Object.keys(STEPS) as readonly PostgresFeature[];

/** Keeps two processes from making tables in one schema at once; spells "disp". */
const LOCK = 0x64697370;

/** The version that the tables of a feature have in this release. */
export function versionOf(feature: PostgresFeature): number {
  return STEPS[feature].length;
}

/** What the version of the tables is read with; the parameter is the feature. */
export function readVersionSql(schema: string): string {
  return `SELECT COALESCE(max(version), 0) AS version FROM "${schema}".dispatch_tables WHERE feature = $1`;
}

/**
 * Statements that make the tables of some features, or bring them up to date. Repeated they do nothing, and then need no
 * right to create anything; those who run them at once wait for each other.
 */
export function migrationSql(schema: string, features: readonly PostgresFeature[]): string {
  const steps = features.flatMap((feature) =>
    STEPS[feature].map((step, index) => stepSql(schema, feature, index + 1, step(schema))),
  );
  return [
    'BEGIN;',
    `SELECT pg_advisory_xact_lock(${LOCK}, hashtext('${schema}'));`,
    unless(
      `to_regnamespace('"${schema}"') IS NOT NULL`,
      `BEGIN
      CREATE SCHEMA "${schema}";
    EXCEPTION WHEN duplicate_schema OR unique_violation THEN
      NULL;
    END;`,
    ),
    unless(
      `to_regclass('"${schema}".dispatch_tables') IS NOT NULL`,
      `CREATE TABLE "${schema}".dispatch_tables (
      feature text NOT NULL,
      version integer NOT NULL,
      made_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (feature, version)
    );`,
    ),
    ...steps,
    'COMMIT;',
    '',
  ].join('\n');
}

function stepSql(schema: string, feature: PostgresFeature, version: number, step: string): string {
  const isDone = `EXISTS (SELECT FROM "${schema}".dispatch_tables WHERE feature = '${feature}' AND version = ${version})`;
  return unless(
    isDone,
    `${step}
    INSERT INTO "${schema}".dispatch_tables (feature, version) VALUES ('${feature}', ${version});`,
  );
}

/** `IF NOT EXISTS` of Postgres asks for the right to create before it looks whether there is anything to create. */
function unless(condition: string, statements: string): string {
  return `DO $dispatch$ BEGIN
  IF NOT (${condition}) THEN
    ${statements}
  END IF;
END $dispatch$;`;
}
