import type { RawMessage, TransportMeta } from '../../dispatcher/raw-intake.js';
import { NoSourceError, UnreadableRawMessageError } from '../errors.js';
import type { Inspector } from './inspector.js';
import { SourceIndex } from './source-index.js';
import type { SourceEntry } from './source.js';
import type { View } from './view.js';

/** What became of a message's recognition. */
export type Recognition<E> =
  | { readonly entry: E; readonly view: View }
  | { readonly entry: undefined; readonly error: NoSourceError | UnreadableRawMessageError };

/** The sources by inspector: the default one's first, then the others in the order of their first source. Immutable. */
export class SourceGroups<E extends SourceEntry> {
  private readonly groups: readonly { readonly inspector: Inspector; readonly index: SourceIndex<E> }[];

  constructor(
    defaultInspector: Inspector,
    private readonly entries: readonly E[],
  ) {
    const byInspector = new Map<Inspector, E[]>([[defaultInspector, []]]);
    for (const entry of entries) {
      const inspector = entry.options.inspector ?? defaultInspector;
      byInspector.set(inspector, [...(byInspector.get(inspector) ?? []), entry]);
    }
    this.groups = [...byInspector]
      .filter(([, members]) => members.length > 0)
      .map(([inspector, members]) => ({ inspector, index: new SourceIndex(members) }));
  }

  /** Inspects a message, group by group, until one has a source for it. */
  recognise(raw: RawMessage, meta: TransportMeta): Recognition<E> {
    const faults: unknown[] = [];
    let viewed = this.groups.length === 0;
    for (const { inspector, index } of this.groups) {
      try {
        const view = inspector.inspect(raw, meta);
        if (view === undefined) continue;
        viewed = true;
        const entry = index.find(view, meta, faults);
        if (entry !== undefined) return { entry, view };
      } catch (fault) {
        // Another group may still know the message; if none does, this says why.
        faults.push(fault);
      }
    }
    const error = this.failure(viewed, faults);
    // Whatever the inspectors say of it: that a body was lost on its way here is the likelier fault.
    const isLost = raw.length === 0 && !(error instanceof NoSourceError);
    return { entry: undefined, error: isLost ? emptyError(faults) : error };
  }

  private failure(viewed: boolean, faults: readonly unknown[]): NoSourceError | UnreadableRawMessageError {
    const [fault] = faults;
    if (fault instanceof UnreadableRawMessageError) return fault;
    const tried = this.groups.map(({ inspector }) => inspector.name).join(', ');
    if (faults.length > 0) {
      return new UnreadableRawMessageError(`an inspector (${tried}) rejects it, see the cause`, {}, { cause: fault });
    }
    if (!viewed) return new UnreadableRawMessageError(`no inspector (${tried}) takes it for its format`, {});
    return new NoSourceError(this.entries.length);
  }
}

function emptyError([cause]: readonly unknown[]): UnreadableRawMessageError {
  const advice = 'for HTTP create the application with { rawBody: true } and let no other parser read the body first';
  return new UnreadableRawMessageError(`it is empty; ${advice}`, {}, cause === undefined ? {} : { cause });
}
