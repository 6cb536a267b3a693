import type { EventStore } from '../../event-store/event-store.port.js';
import type { EventReader } from '../../event-store/reading/event-reader.js';
import type { Transactions } from '../../transactions/transactions.js';
import type { CheckpointStore } from '../checkpoints/checkpoint-store.port.js';
import type { ProjectionScope } from '../projection-context.js';
import type { ProjectionReporter } from '../projection-reporter.js';

/** What the running of projections needs; all of it lives as long as the application. */
export interface ProjectionParts {
  readonly store: EventStore<unknown>;
  readonly reader: EventReader;
  /** The names under which events may be stored that are read under one of these. */
  readonly storedNamesOf: (names: readonly string[]) => readonly string[];
  readonly checkpoints: CheckpointStore;
  readonly transactions: Transactions;
  readonly reporter: ProjectionReporter;
  /** How long an owner may be silent before another process takes over, in milliseconds. */
  readonly leaseMs: number;
  /** How long until what others do is looked at again, in milliseconds. */
  readonly pollMs: number;
}

/** Runs work in a transaction, or where the application has none as it is. */
export function inScope<T>(
  { transactions }: Pick<ProjectionParts, 'transactions'>,
  signal: AbortSignal,
  work: (scope: ProjectionScope) => Promise<T>,
): Promise<T> {
  if (!transactions.isConfigured) return work({ client: undefined, transaction: undefined, signal });
  return transactions.run(({ client, handle }) => work({ client, transaction: handle, signal }));
}
