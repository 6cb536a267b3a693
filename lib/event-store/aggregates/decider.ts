import type { MessageClass } from '../../message/message.js';
import { snapshotProblems, type SnapshotOptions, type StateModel } from './state-model.js';

/** What {@link decider} is given. */
export interface DeciderDefinition<S, C extends object, E extends object> {
  /** The category of its streams, which are named `name-id`: letters, digits, `_` and `.`. It is stored, so it must not change. */
  readonly name: string;
  /** Every class of its events. */
  readonly events: readonly MessageClass<E>[];
  /** The state before the first event. */
  readonly initialState: () => S;
  /** What happens because of a command, in this state: no event, one, or several. Throws where the command is not allowed. */
  readonly decide: (command: C, state: S) => E | readonly E[] | Promise<E | readonly E[]>;
  /** The state after an event. Pure: it is called for the past again and again. */
  readonly evolve: (state: S, event: E) => S;
  /** Takes snapshots of states that are plain data, as the codec takes it. Default: none are taken. */
  readonly snapshots?: SnapshotOptions;
}

/** A decider of whatever states, commands and events. */
export interface AnyDecider {
  readonly definition: { readonly name: string };
}

/** A state that is changed by events, and the decisions that lead to these: see {@link decider}. */
export class Decider<S, C extends object, E extends object> implements AnyDecider {
  constructor(readonly definition: DeciderDefinition<S, C, E>) {}
}

/**
 * Event sourcing without a class: `decide` says which events come of a command, `evolve` what they change. List it in
 * `DispatchModule.forFeature([...])`, and inject its `DeciderRepository` with `@InjectAggregateRepository(...)`.
 *
 * @see https://thinkbeforecoding.com/post/2021/12/17/functional-event-sourcing-decider
 *
 * @example
 * ```ts
 * const cart = decider({
 *   name: 'cart',
 *   events: [ItemAdded],
 *   initialState: () => ({ count: 0 }),
 *   decide: ({ sku }: AddItem, { count }) => (count < 10 ? new ItemAdded(sku) : []),
 *   evolve: ({ count }, _event: ItemAdded) => ({ count: count + 1 }),
 * });
 * ```
 */
export function decider<S, C extends object, E extends object>(
  definition: DeciderDefinition<S, C, E>,
): Decider<S, C, E> {
  return new Decider(definition);
}

/** How the state of a decider comes of its events. */
export function deciderModelOf<S, C extends object, E extends object>({
  definition: { name, events, initialState, evolve, snapshots },
}: Decider<S, C, E>): StateModel<S> & { readonly problems: readonly string[] } {
  const { every = 100, version = 1 } = snapshots ?? {};
  return {
    category: name,
    label: `decider "${name}"`,
    events,
    create: () => initialState(),
    // What is in its streams are events of its own.
    apply: (state, event) => evolve(state, event as E),
    snapshots: snapshots && { every, version, take: (state) => state, restore: (_id, kept) => kept as S },
    problems: snapshots === undefined ? [] : snapshotProblems(snapshots),
  };
}
