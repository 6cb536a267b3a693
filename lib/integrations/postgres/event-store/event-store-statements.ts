import { namedText, type NamedText } from '../connection/named-text.js';
import { removalId, streamLock, tableId } from './event-store-tables.js';

/** The statements of the store. Each is atomic by itself. */
export interface EventStoreStatements {
  /** Stream, expected version, a number, id, name, schema version, payload, metadata. A row with the position where it was appended. */
  readonly appendOne: NamedText;
  /** Stream, expected version, and five lists: ids, names, schema versions, payloads, metadata. A row as above for each event. */
  readonly appendSeveral: NamedText;
  /**
   * Of each append stream, expected version or a word for it, first and last of its events (from 1), and the five lists of all events. A row with
   * stream, version and position for each event that was appended.
   */
  readonly appendMany: NamedText;
  /** As the function takes it. One row. */
  readonly append: NamedText;
  /** Stream, lowest version, highest version, limit. A row without a name says that the stream is deleted. */
  readonly streamForwards: NamedText;
  readonly streamBackwards: NamedText;
  /** How far those who say so may have come, and who else is writing. One row. */
  readonly look: NamedText;
  /** Position behind which to begin, position where to end, limit. */
  readonly page: NamedText;
  /** The same, with names and categories, each null for all, and whether archived streams are left out. */
  readonly filteredPage: NamedText;
  /** Stream. */
  readonly facts: NamedText;
  /** Stream, whether it is deleted, and whether it is archived. */
  readonly close: NamedText;
  /** Channel. */
  readonly notify: NamedText;
}

const COLUMNS = `e.stream, e.version, e.position, e.id, e.name, e.schema_version, e.payload, e.metadata::text AS metadata,
    date_part('epoch', e.recorded_at) AS recorded_at`;

const COLUMNS_WRITTEN = '(stream, version, id, name, schema_version, payload, metadata)';
const EVENT = 'AS n(id, name, schema_version, payload, metadata, nth)';

/** The same, for a schema; with names where the server is to keep them. */
export function eventStoreStatements(schema: string, isPrepared: boolean): EventStoreStatements {
  const named = (text: string): NamedText => namedText(text, isPrepared);
  return {
    appendOne: named(appendOne(schema)),
    appendSeveral: named(appendSeveral(schema)),
    appendMany: named(appendMany(schema)),
    append: named(`SELECT * FROM "${schema}".dispatch_append($1, $2, $3, $4, $5, $6, $7, $8, $9)`),
    streamForwards: named(streamPage(schema, 'ASC')),
    streamBackwards: named(streamPage(schema, 'DESC')),
    look: named(look(schema)),
    page: named(`SELECT ${COLUMNS} FROM "${schema}".dispatch_events e
    WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position LIMIT $3`),
    // Never by name: which index serves depends on how many events the names have.
    filteredPage: { text: filteredPage(schema), name: undefined },
    facts: named(`SELECT GREATEST(c.version, e.version) AS version,
    COALESCE(c.is_archived, false) AS is_archived, COALESCE(c.is_deleted, false) AS is_deleted
    FROM (SELECT max(version) AS version FROM "${schema}".dispatch_events WHERE stream = $1) e
    LEFT JOIN "${schema}".dispatch_closed_streams c ON c.stream = $1`),
    close: named(`SELECT "${schema}".dispatch_close_stream($1, $2, $3) AS outcome`),
    notify: named(`SELECT pg_notify($1, '')`),
  };
}

/**
 * Appends what nothing is in the way of, without waiting for anybody: a stream that somebody else is changing is left out. The version
 * may be read before the lock is taken, so it can be out of date: then the unique index refuses it all. Written without a subquery in
 * FROM, which would take the server longer than all the conditions.
 */
function appendOne(schema: string): string {
  return `INSERT INTO "${schema}".dispatch_events AS e ${COLUMNS_WRITTEN}
    SELECT $1, $2::bigint + 1, $3, $4, $5, $6, $7::json WHERE ${isAppendable(schema)}
    RETURNING e.position`;
}

function appendSeveral(schema: string): string {
  return `INSERT INTO "${schema}".dispatch_events AS e ${COLUMNS_WRITTEN}
    SELECT $1, $2::bigint + n.nth, n.id, n.name, n.schema_version, n.payload, n.metadata::json
    FROM unnest($3::text[], $4::text[], $5::int[], $6::text[], $7::text[]) WITH ORDINALITY ${EVENT}
    WHERE ${isAppendable(schema)}
    RETURNING e.position`;
}

/**
 * Whether a stream has the version that is expected, and nobody else is changing it: three questions that are asked once each. Whether it
 * is closed is looked at with the snapshot of the statement: see the README for those who close it meanwhile.
 */
function isAppendable(schema: string): string {
  return `$2::bigint = ${lastVersion(schema, '$1')} AND ${isOpen(schema, '$1')}
      AND (SELECT pg_try_advisory_xact_lock(${streamLock(schema, '$1')}))`;
}

/** Each append takes its part of the lists: a join of two lists would compare each append with each event. */
function appendMany(schema: string): string {
  const parts = ['$5::text[]', '$6::text[]', '$7::int[]', '$8::text[]', '$9::text[]'].map(
    (list) => `(${list})[s.first:s.last]`,
  );
  return `INSERT INTO "${schema}".dispatch_events AS e ${COLUMNS_WRITTEN}
    SELECT s.stream, s.version + n.nth, n.id, n.name, n.schema_version, n.payload, n.metadata::json
    FROM (
      SELECT g.*, ${lastVersion(schema, 'g.stream')} AS version,
        pg_try_advisory_xact_lock(${streamLock(schema, 'g.stream')}) AS is_free
      FROM unnest($1::text[], $2::bigint[], $3::int[], $4::int[]) WITH ORDINALITY AS g(stream, expected, first, last, nth)
      OFFSET 0
    ) s
    CROSS JOIN LATERAL unnest(${parts.join(', ')}) WITH ORDINALITY ${EVENT}
    WHERE s.is_free AND ${isOpen(schema, 's.stream')}
      AND CASE s.expected WHEN -1 THEN true WHEN -2 THEN s.version > 0 ELSE s.version = s.expected END
    ORDER BY s.nth, n.nth
    RETURNING e.stream, e.version, e.position`;
}

function isOpen(schema: string, stream: string): string {
  return `NOT EXISTS (SELECT FROM "${schema}".dispatch_closed_streams c WHERE c.stream = ${stream})`;
}

function lastVersion(schema: string, stream: string): string {
  return `COALESCE((SELECT v.version FROM "${schema}".dispatch_events v WHERE v.stream = ${stream} ORDER BY v.version DESC LIMIT 1), 0)`;
}

function streamPage(schema: string, order: 'ASC' | 'DESC'): string {
  return `(SELECT ${COLUMNS} FROM "${schema}".dispatch_events e
    WHERE e.stream = $1 AND e.version >= $2 AND e.version <= $3 ORDER BY e.version ${order} LIMIT $4)
    UNION ALL SELECT c.stream, 0, 0, NULL, NULL, 0, NULL, NULL, 0
    FROM "${schema}".dispatch_closed_streams c WHERE c.stream = $1 AND c.is_deleted`;
}

/**
 * The last position there was when the statement began, or the lowest that one who has a lock of positions may have taken; and the transactions
 * that write without one, of which only their end says that they take no more. The locks are looked at when the snapshot is there. A
 * position in a lock is a half, and the whole one is the nearest to the last.
 */
function look(schema: string): string {
  const table = tableId(schema);
  return `WITH held AS MATERIALIZED (
      SELECT k.virtualtransaction AS holder, k.locktype, k.classid, k.objid::bigint AS half FROM pg_locks k
      WHERE k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        AND (k.locktype = 'advisory' AND k.objsubid = 2 AND k.classid IN (${table}, ${removalId(schema)})
          OR k.locktype = 'relation' AND k.relation = ${table} AND k.mode = 'RowExclusiveLock')
    )
    SELECT LEAST(l.position, (
        SELECT min(l.position + (h.half - l.position % 4294967296 + 6442450944) % 4294967296 - 2147483648)
        FROM held h WHERE h.classid = ${table}
      )) AS position,
      ARRAY(
        SELECT h.holder FROM held h WHERE h.locktype = 'relation'
        EXCEPT SELECT h.holder FROM held h WHERE h.locktype = 'advisory'
      ) AS writers
    FROM (
      SELECT COALESCE((SELECT e.position FROM "${schema}".dispatch_events e ORDER BY e.position DESC LIMIT 1), 0) AS position
    ) l`;
}

function filteredPage(schema: string): string {
  return `SELECT ${COLUMNS} FROM "${schema}".dispatch_events e
    WHERE e.position > $1 AND e.position <= $2
      AND ($4::text[] IS NULL OR e.name = ANY ($4)) AND ($5::text[] IS NULL OR split_part(e.stream, '-', 1) = ANY ($5))
      AND ($6 OR NOT EXISTS (SELECT FROM "${schema}".dispatch_closed_streams c WHERE c.stream = e.stream AND c.is_archived))
    ORDER BY e.position LIMIT $3`;
}
