import type { AppendResult } from '../event-store.port.js';
import type { WriteOptions } from '../event-writer.js';
import type { VersionedState } from '../snapshots/snapshotting.js';
import type { Decider } from './decider.js';
import { retryingOnConflict, type UpdateOptions } from './retry-on-conflict.js';
import type { StateModel } from './state-model.js';
import type { StreamStates } from './stream-states.js';

/** What has come of a command. */
export interface Decision<S, E extends object> extends AppendResult {
  /** The events that were stored; empty where nothing happened. */
  readonly events: readonly E[];
  /** The state after them. */
  readonly state: S;
}

/** Has a decider decide on the state its events make, and stores what it decides. The rules are those of `AggregateRepository`. */
export class DeciderRepository<S, C extends object, E extends object, Transaction = unknown> {
  constructor(
    private readonly decider: Decider<S, C, E>,
    private readonly model: StateModel<S>,
    private readonly states: StreamStates,
  ) {}

  /** The state for an id, and the version of its last event; the initial state and 0 where there is none. */
  load(id: string, options: Pick<WriteOptions<Transaction>, 'transaction'> = {}): Promise<VersionedState<S>> {
    return this.states.load(this.model, id, options);
  }

  /**
   * Decides on a command, stores the events, and publishes them, as `AggregateRepository#save` does.
   *
   * @throws DISPATCH_CONCURRENCY where somebody else was faster, after the last retry
   * @throws what `decide` and `evolve` throw; then nothing is stored
   */
  async decide(id: string, command: C, options: UpdateOptions<Transaction> = {}): Promise<Decision<S, E>> {
    const { decide, evolve } = this.decider.definition;
    return retryingOnConflict(this.model.label, options, async () => {
      const { state: before, version } = await this.load(id, options);
      const decided = await decide(command, before);
      const events: readonly E[] = isList(decided) ? decided : [decided];
      // Before they are stored: events that the state cannot take would make the stream unusable.
      const state = events.reduce((evolved, event) => evolve(evolved, event), before);
      if (events.length === 0) return { events, state, version, position: 0 };
      const stateAfter = () => ({ state, version: version + events.length });
      return { events, state, ...(await this.states.append(this.model, { id, version, events, stateAfter }, options)) };
    });
  }
}

function isList<E extends object>(decided: E | readonly E[]): decided is readonly E[] {
  return Array.isArray(decided);
}
