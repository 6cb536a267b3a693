import type { EventFilter } from '../../event-store/event-store.port.js';
import type { Flags, GivenFlags } from '../input/flags.js';

/** The flags that say which of all events are meant. */
export const EVENT_FLAGS = {
  name: { value: '<name>', isList: true, help: 'only events stored with this name; may be given several times' },
  category: { value: '<category>', isList: true, help: 'only those of streams named <category>-…; several times' },
  position: { value: '<number>', help: 'only events behind this position' },
} satisfies Flags;

/** Which of all events are meant. */
export interface EventChoice {
  readonly filter: EventFilter;
  readonly position: number | undefined;
}

/** Reads the flags. */
export function choiceOf(flags: GivenFlags): EventChoice {
  const [names, categories] = [flags.list('name'), flags.list('category')];
  const filter = { ...(names.length > 0 && { names }), ...(categories.length > 0 && { categories }) };
  return { filter, position: flags.count('position', { min: 0, max: Number.MAX_SAFE_INTEGER }) };
}
