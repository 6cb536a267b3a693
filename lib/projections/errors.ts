import { DispatchError } from '../common/dispatch-error.js';

/** There is no projection of a name here. */
export class UnknownProjectionError extends DispatchError {
  override readonly code = 'DISPATCH_UNKNOWN_PROJECTION';

  constructor(
    readonly projection: string,
    known: readonly string[],
  ) {
    super(
      `There is no projection "${projection}" in this application: it has ${known.length === 0 ? 'none' : known.join(', ')}.`,
    );
  }
}

/** What was asked of a projection that is written with each append means something only for one that runs behind. */
export class InlineProjectionError extends DispatchError {
  override readonly code = 'DISPATCH_INLINE_PROJECTION';

  constructor(readonly projection: string) {
    super(
      `The projection "${projection}" is inline, and has no checkpoint: it cannot be rebuilt, reset or waited for. Give it the mode 'async' for that.`,
    );
  }
}

/** An inline projection failed at an event, and so did the append; `cause` is what it failed with. */
export class InlineProjectionFailedError extends DispatchError {
  override readonly code = 'DISPATCH_INLINE_PROJECTION_FAILED';

  constructor(
    readonly projection: string,
    readonly stream: string,
    readonly version: number,
    options: ErrorOptions,
  ) {
    super(
      `The projection "${projection}" failed at version ${version} of "${stream}", which was not appended: its cause says why.`,
      options,
    );
  }
}

/** A projection has not come as far as was waited for. */
export class ProjectionBehindError extends DispatchError {
  override readonly code = 'DISPATCH_PROJECTION_BEHIND';

  constructor(
    readonly projection: string,
    /** How far it is. */
    readonly position: number,
    readonly expectedPosition: number,
    readonly timeoutMs: number,
  ) {
    super(
      `The projection "${projection}" is at position ${position} after ${timeoutMs} ms, not at ${expectedPosition}: does a process run it?`,
    );
  }
}

/** A projection is stopped, so that what was asked for will not come about by itself. */
export class ProjectionStoppedError extends DispatchError {
  override readonly code = 'DISPATCH_PROJECTION_STOPPED';

  constructor(
    readonly projection: string,
    /** Why it was stopped. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The projection "${projection}" is stopped: ${reason}. Mend what it says, then call Projections#resume() or restart.`,
      options,
    );
  }
}

/** A process writes no more to a target of a projection: another one has taken over, or the target was reset or removed. */
export class ProjectionLostError extends DispatchError {
  override readonly code = 'DISPATCH_PROJECTION_LOST';

  constructor(
    readonly projection: string,
    readonly target: string,
  ) {
    super(
      `The target ${target} of the projection "${projection}" is not this process's any more: another one writes to it, it is of another version, or it was reset or removed.`,
    );
  }
}

/** A projection is being rebuilt by somebody else. */
export class RebuildUnderWayError extends DispatchError {
  override readonly code = 'DISPATCH_REBUILD_UNDER_WAY';

  constructor(readonly projection: string) {
    super(`The projection "${projection}" is being rebuilt already: wait for the end of that.`);
  }
}

/** Checkpoints in memory were given a transaction of something else. */
export class CheckpointTransactionError extends DispatchError {
  override readonly code = 'DISPATCH_CHECKPOINT_TRANSACTION';

  constructor() {
    super(
      'inMemoryCheckpoints() takes part in transactions of inMemoryTransactions() only: give the option "projections" checkpoints of the database that the transactions are of.',
    );
  }
}
