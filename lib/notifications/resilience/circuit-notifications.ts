import { DispatchNotification } from '../notification.js';

/** Why a circuit opened. */
export interface CircuitOpening {
  /** How long nothing is let through, in milliseconds. */
  readonly openMs: number;
  /** How many of the `calls` failed that were looked at. */
  readonly failures: number;
  readonly calls: number;
  /** What the last of them failed with. */
  readonly error: unknown;
}

/** A circuit lets nothing through for a time. */
export class CircuitOpenedNotification extends DispatchNotification {
  constructor(
    /** The name of the circuit, or the class of the handler it belongs to. */
    readonly circuit: string,
    readonly opening: CircuitOpening,
  ) {
    super();
  }
}

/** The time of an open circuit is over, and the first call is let through to find out. */
export class CircuitHalfOpenedNotification extends DispatchNotification {
  constructor(
    /** The name of the circuit, or the class of the handler it belongs to. */
    readonly circuit: string,
  ) {
    super();
  }
}

/** The calls that were let through succeeded: everything goes on. */
export class CircuitClosedNotification extends DispatchNotification {
  constructor(
    /** The name of the circuit, or the class of the handler it belongs to. */
    readonly circuit: string,
  ) {
    super();
  }
}
