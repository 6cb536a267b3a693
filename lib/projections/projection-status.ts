import type { ProjectionTarget, TargetRecord } from './checkpoints/checkpoint-store.port.js';
import type { ProjectionModel } from './projection-model.js';
import type { ProjectionMode } from './projection.decorator.js';

/**
 * What a projection does. `'inline'`: it is written with each append. `'running'`: a process writes it. `'waiting'`: no process does
 * at this time. `'stopped'`: it failed, and waits to be resumed. `'superseded'`: what is active is of a newer version.
 */
export type ProjectionState = 'inline' | 'running' | 'waiting' | 'stopped' | 'superseded';

/** A target that is being built beside the active one, or was begun. */
export interface BuildStatus {
  readonly target: ProjectionTarget;
  readonly version: number;
  readonly position: number;
  /** Whether a process builds it at this time. */
  readonly isRunning: boolean;
  /** Why it was stopped. */
  readonly stopReason: string | undefined;
}

/** How a projection is. */
export interface ProjectionStatus {
  readonly name: string;
  readonly mode: ProjectionMode;
  readonly state: ProjectionState;
  /** Of the class in this process. */
  readonly version: number;
  /** What is read from, and the version of what is written there; undefined inline, and where nothing was ever written. */
  readonly active: { readonly target: ProjectionTarget; readonly version: number } | undefined;
  /** Everything up to here is in it. Inline it is where the store is. */
  readonly position: number;
  /** The position of the last event there is. */
  readonly lastPosition: number;
  /** How far it is behind, in positions: as many events or less, of whatever kind. */
  readonly lag: number;
  /** How many events it goes on without. */
  readonly parkedCount: number;
  /** Why it is stopped. */
  readonly stopReason: string | undefined;
  /** Undefined where none is. */
  readonly build: BuildStatus | undefined;
  /** Whether it is written, by whichever process, and no event is parked. */
  readonly isHealthy: boolean;
}

/** Makes the status of a projection out of its targets. */
export function statusOf(
  { name, mode, version }: ProjectionModel,
  records: readonly TargetRecord[],
  lastPosition: number,
): ProjectionStatus {
  const active = records.find(({ isActive }) => isActive);
  const other = records.find(({ isActive }) => !isActive);
  const state = mode === 'inline' ? 'inline' : stateOf(active, version);
  const position = mode === 'inline' ? lastPosition : (active?.position ?? 0);
  const parkedCount = active?.parkedCount ?? 0;
  return {
    ...{ name, mode, state, version, position, lastPosition, parkedCount },
    active: active && { target: active.target, version: active.version },
    lag: Math.max(0, lastPosition - position),
    stopReason: active?.stopReason,
    build: other && buildOf(other),
    isHealthy: state !== 'stopped' && state !== 'waiting' && parkedCount === 0 && other?.stopReason === undefined,
  };
}

function stateOf(active: TargetRecord | undefined, version: number): ProjectionState {
  if (active?.stopReason !== undefined) return 'stopped';
  if (active !== undefined && active.version > version) return 'superseded';
  return active?.isOwned === true ? 'running' : 'waiting';
}

function buildOf({ target, version, position, isOwned, stopReason }: TargetRecord): BuildStatus {
  return { target, version, position, isRunning: isOwned, stopReason };
}
