import { DispatchNotification } from '../notification.js';

/** An event, as it was recorded. */
export interface ProjectedEventFacts {
  readonly stream: string;
  /** Its version in the stream. */
  readonly version: number;
  readonly position: number;
  readonly eventId: string;
  /** The name it is stored with. */
  readonly name: string;
}

/** Something happened to a projection that runs behind. */
export abstract class ProjectionNotification extends DispatchNotification {
  constructor(
    readonly projection: string,
    /** Where it writes, `'blue'` or `'green'`. */
    readonly target: string,
  ) {
    super();
  }
}

/** This process writes a projection from now on. */
export class ProjectionStartedNotification extends ProjectionNotification {
  constructor(
    projection: string,
    target: string,
    /** Where it begins. */
    readonly position: number,
  ) {
    super(projection, target);
  }
}

/** A projection has come on; told at most once a second for each. */
export class ProjectionProgressNotification extends ProjectionNotification {
  constructor(
    projection: string,
    target: string,
    /** Everything up to here is written. */
    readonly position: number,
    /** The position of the last event there is. */
    readonly lastPosition: number,
    /** Whether it is rebuilt, beside what is read. */
    readonly isRebuild: boolean,
  ) {
    super(projection, target);
  }

  /** How far it is behind, in positions: as many events or less, of whatever kind. */
  get lag(): number {
    return Math.max(0, this.lastPosition - this.position);
  }
}

/** A projection failed, and tries again. */
export class ProjectionFailedNotification extends ProjectionNotification {
  constructor(
    projection: string,
    target: string,
    /** The event it failed at; undefined where it was at none, as where the database cannot be reached. */
    readonly event: ProjectedEventFacts | undefined,
    readonly error: unknown,
    /** How long until it tries again, in milliseconds. */
    readonly delayMs: number,
  ) {
    super(projection, target);
  }
}

/** A projection is stopped until it is resumed, or the application restarts: it failed at an event after all retries. */
export class ProjectionStoppedNotification extends ProjectionNotification {
  constructor(
    projection: string,
    target: string,
    readonly event: ProjectedEventFacts,
    readonly error: unknown,
  ) {
    super(projection, target);
  }
}

/** A projection goes on without an event, which is parked. */
export class ProjectionEventParkedNotification extends ProjectionNotification {
  constructor(
    projection: string,
    target: string,
    readonly event: ProjectedEventFacts,
    /** What it failed with; undefined where it was parked because of an earlier event of its stream. */
    readonly error: unknown,
  ) {
    super(projection, target);
  }
}

/** A projection was rebuilt, and is read from its new target now. */
export class ProjectionSwitchedNotification extends ProjectionNotification {
  constructor(
    projection: string,
    target: string,
    /** Of what is written there. */
    readonly version: number,
    /** How far it is. */
    readonly position: number,
  ) {
    super(projection, target);
  }
}

/** The old target of a projection could not be dropped after it was rebuilt: what is in it stays until somebody removes it. */
export class ProjectionDropFailedNotification extends ProjectionNotification {
  constructor(
    projection: string,
    target: string,
    readonly error: unknown,
  ) {
    super(projection, target);
  }
}
