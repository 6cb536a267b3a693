import type { KeptDeadLetter } from '../../../index.js';

/** A letter as its row has it: the texts of dates, and nothing where JSON has no `undefined`. */
type StoredLetter = Omit<KeptDeadLetter, 'firstFailedAt' | 'lastFailedAt'> &
  Record<'firstFailedAt' | 'lastFailedAt', string>;

/** Reads what {@link JSON.stringify} made of a letter. */
export function keptLetter(text: string): KeptDeadLetter {
  // Only park() writes it.
  const { error, ...stored } = JSON.parse(text) as StoredLetter;
  return {
    id: stored.id,
    queue: stored.queue,
    place: stored.place,
    label: stored.label,
    name: stored.name,
    key: stored.key,
    data: stored.data,
    handler: stored.handler,
    error: {
      name: error.name,
      message: error.message,
      code: error.code,
      stack: error.stack,
      details: error.details,
    },
    attempts: stored.attempts,
    firstFailedAt: new Date(stored.firstFailedAt),
    lastFailedAt: new Date(stored.lastFailedAt),
  };
}

/** A text as a column can hold it: Postgres has no NUL. */
export function columnText(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
