/** Projections. Part of the public surface, `lib/index.ts`. */

export type {
  CheckpointStore,
  NewTarget,
  OwnedTarget,
  Ownership,
  ParkedEvent,
  ParkedFilter,
  ParkedQuery,
  ParkedRecord,
  ProjectionTarget,
  TargetKey,
  TargetRecord,
} from '../projections/checkpoints/checkpoint-store.port.js';
export { inMemoryCheckpoints } from '../projections/checkpoints/in-memory-checkpoints.js';
export {
  CheckpointTransactionError,
  InlineProjectionError,
  InlineProjectionFailedError,
  ProjectionBehindError,
  ProjectionLostError,
  ProjectionStoppedError,
  RebuildUnderWayError,
  UnknownProjectionError,
} from '../projections/errors.js';
export type { ProjectionContext, ProjectionHooks, ProjectionScope } from '../projections/projection-context.js';
export {
  DisallowReplay,
  Projection,
  type ProjectionFailureAction,
  type ProjectionMode,
  type ProjectionOptions,
} from '../projections/projection.decorator.js';
export type { BuildStatus, ProjectionState, ProjectionStatus } from '../projections/projection-status.js';
export {
  Projections,
  type CatchUpOptions,
  type ParkedChoice,
  type RebuildOptions,
} from '../projections/projections.js';
export type { ProjectionsOptions } from '../projections/projections.options.js';
export type { RebuildProgress } from '../projections/running/build.js';
export type { RebuildResult } from '../projections/running/rebuild.js';
