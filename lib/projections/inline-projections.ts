import { isDispatchError } from '../common/dispatch-error.js';
import type { AppendHook, HookedAppend } from '../event-store/append-hook.js';
import type { AppendResult, StoredEvent } from '../event-store/event-store.port.js';
import type { EventReader } from '../event-store/reading/event-reader.js';
import type { Transactions } from '../transactions/transactions.js';
import { InlineProjectionFailedError } from './errors.js';
import { contextOf, type ProjectionScope } from './projection-context.js';
import type { ProjectionModel } from './projection-model.js';

/** What inline projections need; all of it lives as long as the application. */
export interface InlineParts {
  readonly reader: EventReader;
  readonly transactions: Transactions;
  readonly storedNamesOf: (names: readonly string[]) => readonly string[];
}

const NEVER = new AbortController().signal;

/** Writes projections in the transaction of each append, in the order of the events, one projection after the other. */
export class InlineProjections implements AppendHook {
  private readonly projections: { readonly model: ProjectionModel; readonly names: ReadonlySet<string> }[] = [];

  constructor(private readonly parts: InlineParts) {}

  /** Adds one; those of one event are written in the order in which they were added. */
  add(model: ProjectionModel): void {
    this.projections.push({ model, names: new Set(this.parts.storedNamesOf(model.eventNames)) });
  }

  async append(append: HookedAppend): Promise<AppendResult> {
    const { transactions } = this.parts;
    const { transaction } = append.options;
    if (!append.events.some(({ name }) => this.projections.some(({ names }) => names.has(name)))) {
      return append.proceed(transaction);
    }
    if (transaction === undefined) {
      return transactions.run(({ client, handle }) =>
        this.within(append, { client, transaction: handle, signal: NEVER }),
      );
    }
    const { current } = transactions;
    const client = current?.handle === transaction ? current.client : transaction;
    return this.within(append, { client, transaction, signal: NEVER });
  }

  private async within(append: HookedAppend, scope: ProjectionScope): Promise<AppendResult> {
    const { store, stream, events } = append;
    const { transaction } = scope;
    const result = await append.proceed(transaction, true);
    const { version: to } = result;
    const query = {
      from: to - events.length + 1,
      to,
      direction: 'forwards',
      limit: events.length,
      transaction,
    } as const;
    // As the store has recorded them: with their positions, and its time.
    for (const stored of result.events ?? (await store.readStreamPage(stream, query))) await this.write(stored, scope);
    return result;
  }

  private async write(stored: StoredEvent, scope: ProjectionScope): Promise<void> {
    const { reader } = this.parts;
    for (const { model, names } of this.projections) {
      if (!names.has(stored.name)) continue;
      const facts = { projection: model.name, target: 'blue', replay: false } as const;
      try {
        for (const recorded of reader.read(stored)) {
          await model.apply(recorded.event, contextOf(recorded, scope, facts));
        }
      } catch (cause) {
        // Where the projection has appended something itself, the inner one says more.
        if (isDispatchError(cause, 'DISPATCH_INLINE_PROJECTION_FAILED')) throw cause;
        throw new InlineProjectionFailedError(model.name, stored.stream, stored.version, { cause });
      }
    }
  }
}
