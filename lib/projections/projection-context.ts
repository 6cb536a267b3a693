import type { RecordedEvent } from '../event-store/reading/recorded-event.js';
import type { ProjectionTarget } from './checkpoints/checkpoint-store.port.js';

/** What belongs to the transaction that a projection writes in. */
export interface ProjectionScope<Client = unknown> {
  /** What the projection's own statements are run with: the client of the transaction; undefined where there are none. */
  readonly client: Client;
  /** What stores take as their `transaction`. */
  readonly transaction: unknown;
  /** Aborts where the application cannot wait any longer for its end, or another process writes the projection. */
  readonly signal: AbortSignal;
}

/**
 * What a method of a projection is given beside the event: where it was recorded, and what to write with.
 *
 * @typeParam Client that of the transactions of the application
 */
export interface ProjectionContext<Client = unknown> extends ProjectionScope<Client>, Omit<RecordedEvent, 'event'> {
  /** The name of the projection. */
  readonly projection: string;
  /** Where to write: a rebuild writes to the one that nobody reads. */
  readonly target: ProjectionTarget;
  /** Whether the event was handled before, and is now because the projection is rebuilt, or was reset. */
  readonly replay: boolean;
}

/** What whoever writes knows of an event. */
export type ProjectionFacts = Pick<ProjectionContext, 'projection' | 'target' | 'replay'>;

/** Makes the context of one event. Field by field: it is made for each event of a replay. */
export function contextOf(
  { stream, version, position, id, name, schemaVersion, metadata, recordedAt }: Omit<RecordedEvent, 'event'>,
  { client, transaction, signal }: ProjectionScope,
  { projection, target, replay }: ProjectionFacts,
): ProjectionContext {
  return {
    stream,
    version,
    position,
    id,
    name,
    schemaVersion,
    metadata,
    recordedAt,
    client,
    transaction,
    signal,
    projection,
    target,
    replay,
  };
}

/**
 * What a class with `@Projection` may have beside the methods for its events. Each runs in a transaction of its own with the
 * change of the checkpoints that it goes with: where it rejects, that does not come about.
 */
export interface ProjectionHooks {
  /** Makes a target as it is when no event has been written: creates its tables, or empties them. May be called again. */
  prepare?(target: ProjectionTarget, scope: ProjectionScope): Promise<void> | void;
  /** Makes a target the one that is read from, such as by replacing a view. Runs in the transaction of the switch. */
  promote?(target: ProjectionTarget, scope: ProjectionScope): Promise<void> | void;
  /** Removes a target that nobody writes any more. Where it rejects, that is reported and the target stays. */
  drop?(target: ProjectionTarget, scope: ProjectionScope): Promise<void> | void;
}
