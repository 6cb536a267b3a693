import type { StoredEvent } from '../../event-store/event-store.port.js';
import type { LetterViews } from '../../operations/letter-views.js';
import { cut } from '../text/columns.js';
import { printable } from '../text/printable.js';

/** An event as it is shown to people: what its class marks as sensitive is masked. */
export interface EventView extends Omit<StoredEvent, 'payload'> {
  /** The fields as they are stored; undefined where they cannot be read. */
  readonly payload: unknown;
  /** What is wrong with the payload. */
  readonly problem?: string;
}

/** How an event is shown. */
export function eventView({ payload: text, ...facts }: StoredEvent, views: LetterViews): EventView {
  const { name, schemaVersion: version } = facts;
  try {
    const payload: unknown = JSON.parse(text);
    return { ...facts, payload: views.masked({ name, version, payload }) };
  } catch {
    // What stands there is not shown: nobody knows what is secret in it.
    return { ...facts, payload: undefined, problem: 'The payload is no JSON.' };
  }
}

/** An event in two lines of at most so many columns. */
export function eventLines(view: EventView, columns: number): string[] {
  const { position, recordedAt, stream, version, name, payload, problem } = view;
  const facts = `${position}  ${recordedAt.toISOString()}  ${stream} v${version}  ${name}`;
  const content = `  ${problem ?? JSON.stringify(payload)}`;
  return [facts, content].map((line) => cut(printable(line), columns));
}
