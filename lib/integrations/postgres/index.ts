export { postgresCheckpoints, type PostgresCheckpointsOptions } from './checkpoints/postgres-checkpoints.js';
export { postgresClaimCheck } from './claim-check/postgres-claim-check.js';
export { postgresDeadLetters, type PostgresDeadLettersOptions } from './dead-letters/postgres-dead-letters.js';
export { postgresEventStore, type PostgresEventStoreOptions } from './event-store/postgres-event-store.js';
export { postgresIdempotency, type PostgresIdempotencyOptions } from './idempotency/postgres-idempotency.js';
export { postgresOutbox, type PostgresOutboxOptions } from './outbox/postgres-outbox.js';
export { postgresInbox, type PostgresInboxOptions } from './inbox/postgres-inbox.js';
export { postgresSequence, type PostgresSequenceOptions } from './sequence/postgres-sequence.js';
export { postgresSnapshots, type PostgresSnapshotsOptions } from './snapshots/postgres-snapshots.js';
export { migratePostgres, postgresMigrationSql, postgresTablesState } from './tables/migrate-postgres.js';
export type {
  PostgresMigrationOptions,
  PostgresMigrationSqlOptions,
  PostgresTablesState,
} from './tables/migrate-postgres.js';
export { pgliteTransactions, type PgliteTransactional } from './transactions/pglite-transactions.js';
export { postgresTransactions, type PostgresTransactionsOptions } from './transactions/postgres-transactions.js';
export type {
  PostgresResult,
  PostgresStatement,
  PostgresTransactionClient,
} from './transactions/transaction-client.js';
export type { PostgresFeature } from './tables/feature-tables.js';
export { pglitePool, type PgliteDatabase } from './connection/pglite-pool.js';
export type {
  PostgresAccessOptions,
  PostgresConnectionOptions,
  PostgresPool,
  PostgresStoreOptions,
} from './connection/postgres-options.js';
export type { PostgresTransaction } from './connection/postgres-transaction.js';
export {
  ForeignTransactionError,
  InvalidPostgresOptionsError,
  PostgresTablesError,
  PostgresUnavailableError,
  StreamClosingError,
  TransactionAbortedError,
  TransactionConflictError,
  TransactionsBusyError,
} from './errors.js';
