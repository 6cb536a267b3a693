import type { NewOutboxMessage } from './outbox-store.port.js';

/** What messages have in common that must not overtake each other; undefined for one without a key. */
export function orderOf({ queue, entry: { key } }: Pick<NewOutboxMessage, 'queue' | 'entry'>): string | undefined {
  return key === undefined ? undefined : `${queue.length} ${queue} ${key}`;
}
