import type { ParkedRecord, ProjectionTarget, TargetRecord } from '../../../index.js';

/** A target as the server tells it. */
export interface TargetRow {
  readonly projection: string;
  readonly target: ProjectionTarget;
  readonly version: number;
  /** A bigint comes as text, unless the pool was told otherwise. */
  readonly position: string | number;
  readonly replay_until: string | number;
  readonly is_active: boolean;
  readonly stop_reason: string | null;
  readonly is_owned: boolean;
  readonly parked_count: string | number;
  readonly updated_at: Date;
}

/** A parked event as the server tells it. */
export interface ParkedRow {
  readonly projection: string;
  readonly target: ProjectionTarget;
  readonly position: string | number;
  readonly stream: string;
  readonly version: string | number;
  readonly event_id: string;
  readonly name: string;
  readonly error: string;
  readonly is_stream_parked: boolean;
  readonly parked_at: Date;
}

/** The target that a row says. */
export function targetOf({ projection, target, version, ...row }: TargetRow): TargetRecord {
  return {
    ...{ projection, target, version },
    position: Number(row.position),
    replayUntil: Number(row.replay_until),
    isActive: row.is_active,
    stopReason: row.stop_reason ?? undefined,
    isOwned: row.is_owned,
    parkedCount: Number(row.parked_count),
    updatedAt: row.updated_at,
  };
}

/** The parked event that a row says. */
export function parkedOf({ projection, target, stream, name, error, ...row }: ParkedRow): ParkedRecord {
  return {
    ...{ projection, target, stream, name, error },
    version: Number(row.version),
    position: Number(row.position),
    eventId: row.event_id,
    isStreamParked: row.is_stream_parked,
    parkedAt: row.parked_at,
  };
}

/** A text that Postgres can hold: it has no NUL. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}
