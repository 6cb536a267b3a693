import type { AppendResult, EventStore, NewEvent, StoreAppendOptions, StoreAppendResult } from './event-store.port.js';

/** An append that is about to be made. */
export interface HookedAppend {
  readonly store: EventStore<unknown>;
  readonly stream: string;
  readonly events: readonly NewEvent[];
  readonly options: StoreAppendOptions;
  /** Makes it, in a transaction where one is given, and asks for the events where they are needed. */
  proceed(transaction: unknown, returnsEvents?: boolean): Promise<StoreAppendResult>;
}

/** Does what belongs to every append of an application. */
export interface AppendHook {
  /** Makes the append, and what belongs to it. Rejects where that is not to be. */
  append(append: HookedAppend): Promise<AppendResult>;
}
