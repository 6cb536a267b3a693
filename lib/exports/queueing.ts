/** Queues: run modes, backends, receipts, schedules. Part of the public surface, `lib/index.ts`. */

export type { Duration } from '../common/duration.js';
export { Explanation, type HandlerExplanation } from '../dispatcher/queued/explanation.js';
export type { RouteRule } from '../dispatcher/queued/placement.js';
export type { ScheduleOptions } from '../dispatcher/queued/queue-operations.js';
export type { ClaimCheckStore } from '../run-modes/claim-check/claim-check-store.port.js';
export type { ClaimCheckOptions } from '../run-modes/claim-check/claim-check.options.js';
export {
  ClaimCheckFullError,
  ClaimCheckMissingError,
  ClaimCheckUnavailableError,
  InvalidClaimCheckOptionsError,
} from '../run-modes/claim-check/errors.js';
export { memoryClaimCheck, type MemoryClaimCheckOptions } from '../run-modes/claim-check/memory-claim-check-store.js';
export { DispatchClosedError, QueueNotConfiguredError, ShutdownError } from '../run-modes/errors.js';
export { inMemoryQueue } from '../run-modes/memory/in-memory-queue.js';
export type { InMemoryQueueOptions } from '../run-modes/memory/in-memory-queue.options.js';
export type { QueueFullMode } from '../run-modes/memory/room.js';
export {
  OutboxFullError,
  OutboxNotConfiguredError,
  OutboxReplyError,
  OutboxTransactionError,
  OutsideTransactionError,
} from '../run-modes/outbox/errors.js';
export { inMemoryOutbox, type InMemoryOutboxOptions } from '../run-modes/outbox/in-memory-outbox.js';
export type {
  FailedOutboxMessage,
  NewOutboxMessage,
  OutboxBatch,
  OutboxCounts,
  OutboxEnd,
  OutboxEntry,
  OutboxMessage,
  OutboxStore,
  OutboxTake,
} from '../run-modes/outbox/outbox-store.port.js';
export { Outbox, type FailedOutboxPage, type OutboxReport } from '../run-modes/outbox/outbox.js';
export type { OutboxHealthOptions, OutboxOptions } from '../run-modes/outbox/outbox.options.js';
export {
  AttemptsExhaustedError,
  CancelledError,
  InvalidQueueOptionsError,
  InvalidScheduleError,
  LockLostError,
  ParkedBehindError,
  ParkedEntryBusyError,
  QueueClosedError,
  QueueFullError,
  QueueUnavailableError,
  RemoteError,
  ReplyAbandonedError,
  ReplyTimeoutError,
  ResultUnknownError,
  UnhandledEntryError,
  UnreadableEntryError,
} from '../run-modes/queue/errors.js';
export {
  UNKNOWN_ENTRY,
  type BackendEvent,
  type BackendHost,
  type CancelResult,
  type Delivery,
  type DeliveryHandler,
  type EnqueueResult,
  type EntryOutcome,
  type EntrySnapshot,
  type EntryState,
  type JsonValue,
  type KeyBlock,
  type KeyBlocks,
  type KeyLine,
  type ListedEntry,
  type ParkedChanges,
  type ParkedEntries,
  type ParkedEntry,
  type ParkedPageRequest,
  type ParkedSpot,
  type ParkingPlace,
  type QueueBackend,
  type QueueBackendFactory,
  type QueueConsumer,
  type QueueCounts,
  type QueueEntry,
  type QueueFeature,
  type QueueSchedule,
  type ScheduleState,
  type Settlement,
  type WireError,
  type WireErrorDetails,
} from '../run-modes/queue/queue-backend.port.js';
export {
  resolveQueueSettings,
  type QueueOptions,
  type QueueRateLimit,
  type QueueSettings,
  type Retention,
} from '../run-modes/queue/queue-settings.js';
export { Queues, type DrainOptions } from '../run-modes/queue/queues.js';
export { scheduleRhythm, type ScheduleRhythm } from '../run-modes/schedule-rhythm.js';
export { QueueHealth, type QueueHealthOptions, type QueueReport } from '../run-modes/worker/queue-health.js';
export type { QueueRole, QueuesOptions } from '../run-modes/worker/role.js';
