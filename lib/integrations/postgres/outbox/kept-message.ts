import { createHash } from 'node:crypto';

import type { FailedOutboxMessage, NewOutboxMessage, OutboxMessage, WireError } from '../../../index.js';
import { LANE_COUNT } from './outbox-sql.js';

/** A message as its row has it. */
export interface OutboxRow {
  /** A text, or a number where the application has told `pg` to parse it. */
  readonly id: string | number;
  readonly message: string;
  readonly attempts: number;
  /** In milliseconds since 1970. */
  readonly added_at_ms: number;
}

/** The row of one that was set aside. */
export interface FailedOutboxRow extends OutboxRow {
  readonly error: string | null;
  readonly failed_at: Date;
}

const UNREADABLE: WireError = {
  name: 'Error',
  message: 'The row of the outbox cannot be read.',
  code: undefined,
  stack: undefined,
};

/** What a message is added as. */
export function newRow({ queue, entry, dueAtMs }: NewOutboxMessage) {
  const { key, id, name } = entry;
  const hash = createHash('sha256')
    .update(JSON.stringify(key === undefined ? [queue, id, null] : [queue, key]))
    .digest();
  return {
    lane: (hash[8] ?? 0) % LANE_COUNT,
    order: key === undefined ? null : String(hash.readBigInt64BE(0)),
    queue: columnText(queue),
    name: columnText(name),
    message: JSON.stringify({ queue, entry, dueAtMs }),
  };
}

/** Reads a row; undefined where somebody else has written it, or changed it. */
export function messageOf({ id, message, attempts, added_at_ms: addedAtMs }: OutboxRow): OutboxMessage | undefined {
  const kept = parsed(message);
  if (kept === undefined) return undefined;
  const { queue, entry, dueAtMs } = kept;
  return { id: String(id), queue, entry, dueAtMs, attempts, addedAt: new Date(addedAtMs) };
}

/** Reads the row of a message that was set aside, whatever is in it. */
export function failedMessageOf(row: FailedOutboxRow): FailedOutboxMessage {
  const kept = parsed(row.message);
  const { name = '', id: entryId = '', key } = kept?.entry ?? {};
  return {
    id: String(row.id),
    queue: kept?.queue ?? '',
    name,
    entryId,
    key,
    attempts: row.attempts,
    error: errorOf(row.error),
    addedAt: new Date(row.added_at_ms),
    failedAt: row.failed_at,
  };
}

/** What is kept of a row that cannot be read. */
export function unreadable(): string {
  return JSON.stringify(UNREADABLE);
}

function parsed(text: string): NewOutboxMessage | undefined {
  try {
    // Only newRow() writes it; what is looked at are the fields that nothing works without.
    const { queue, entry, dueAtMs } = JSON.parse(text) as NewOutboxMessage;
    if (typeof queue !== 'string' || typeof entry.id !== 'string' || typeof entry.name !== 'string') return undefined;
    const { id, name, data, key, priority, deduplicationId } = entry;
    return { queue, entry: { id, name, data, key, priority, deduplicationId }, dueAtMs };
  } catch {
    return undefined;
  }
}

function errorOf(text: string | null): WireError {
  if (text === null) return UNREADABLE;
  // Only a settlement writes it.
  const { name, message, code, stack, details } = JSON.parse(text) as WireError;
  return { name, message, code, stack, ...(details !== undefined && { details }) };
}

/** A text as a column, and JSON on its way there, can hold it: neither NUL nor half a surrogate pair. */
export function columnText(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', '\ufffd');
}
