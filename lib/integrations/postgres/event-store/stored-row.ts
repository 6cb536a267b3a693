import type { StoredEvent } from '../../../index.js';

/** An event as a statement gives it; numbers of 64 bits come as text from `pg`. */
export interface EventRow {
  readonly stream: string;
  readonly version: number | string;
  readonly position: number | string;
  readonly id: string;
  readonly name: string;
  readonly schema_version: number;
  readonly payload: string;
  readonly metadata: string;
  /** In seconds since 1970. */
  readonly recorded_at: number;
}

/** An event as the port has it. */
export function storedEvent(row: EventRow): StoredEvent {
  return {
    stream: row.stream,
    version: Number(row.version),
    position: Number(row.position),
    id: row.id,
    name: row.name,
    schemaVersion: row.schema_version,
    payload: row.payload,
    // The type of the column lets nothing else in than JSON, and only append() writes it.
    metadata: JSON.parse(row.metadata) as StoredEvent['metadata'],
    recordedAt: new Date(row.recorded_at * 1000),
  };
}
