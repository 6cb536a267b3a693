/**
 * Where a projection writes. It has one as a rule, and a second one while it is rebuilt, from which readers are told apart:
 * tables `orders_blue` and `orders_green`, for instance.
 */
export type ProjectionTarget = 'blue' | 'green';

/** Names one target of one projection. */
export interface TargetKey {
  /** The name of the projection. */
  readonly projection: string;
  readonly target: ProjectionTarget;
}

/** How far a target is. */
export interface TargetRecord extends TargetKey {
  /** The version of the class that writes it, from 1. */
  readonly version: number;
  /** Everything up to here is in it; 0 where nothing is. */
  readonly position: number;
  /** Events up to here were handled once before, as when it was reset, or by the target that was active before. */
  readonly replayUntil: number;
  /** Whether it is the one to read from. */
  readonly isActive: boolean;
  /** Why nothing more is written to it until it is resumed; undefined where it is not stopped. */
  readonly stopReason: string | undefined;
  /** Whether somebody writes to it at this time. */
  readonly isOwned: boolean;
  /** How many of its events are parked. */
  readonly parkedCount: number;
  /** When it was last written to, by the clock of the store. */
  readonly updatedAt: Date;
}

/** A target that nobody has written to. */
export interface NewTarget extends TargetKey {
  readonly version: number;
  readonly isActive: boolean;
}

/** Who may write to a target. The token is of one ownership alone: whoever takes over has another. */
export interface Ownership extends TargetKey {
  readonly token: string;
}

/** Where an owner begins. */
export interface OwnedTarget {
  readonly position: number;
  readonly replayUntil: number;
}

/** An event that a projection goes on without. */
export interface ParkedEvent {
  readonly stream: string;
  /** Its version in the stream. */
  readonly version: number;
  readonly position: number;
  readonly eventId: string;
  /** The name it is stored with. */
  readonly name: string;
  /** Why, as text. */
  readonly error: string;
  /** Whether the later events of its stream are parked too, as long as it is. */
  readonly isStreamParked: boolean;
}

/** The same, with what the store knows of it. */
export interface ParkedRecord extends ParkedEvent, TargetKey {
  /** When it was parked last, by the clock of the store. */
  readonly parkedAt: Date;
}

/** Which parked events are meant. */
export interface ParkedFilter {
  readonly projection: string;
  /** Default: those of both targets. */
  readonly target?: ProjectionTarget | undefined;
  /** Default: those of all streams. */
  readonly stream?: string | undefined;
}

/** Some of the parked events, in the order of their positions. */
export interface ParkedQuery extends ParkedFilter {
  /** Only behind this position, from 0. */
  readonly afterPosition: number;
  /** From 1. */
  readonly limit: number;
}

/**
 * Keeps how far projections are, who writes to them, and which events they go on without. All methods reject where the store
 * cannot be reached.
 *
 * - A target has one owner at a time, who is one for as long as it renews its lease, and until somebody else has taken over
 *   behind the end of that. `save()` and the others that take an `Ownership` change nothing and return false where it is not the
 *   owner's any more: what was written beside them in the same transaction must then be rolled back.
 * - With a transaction, what a method writes is there when that commits. `save()` and `lockActive()` keep others from changing the
 *   same record until the transaction has ended; a store without locks fails the commit of one of the two instead.
 * - A repeated `acquire()`, `renew()`, `release()`, `stop()` or `resume()` changes nothing.
 *
 * @typeParam Transaction what the store takes as the caller's own transaction
 */
export interface CheckpointStore<Transaction = unknown> {
  /** Whether all processes see the same, and it is still there after a restart. */
  readonly isShared: boolean;
  /** The targets of a projection, or of all, in the order of their names. */
  targets(projection?: string): Promise<readonly TargetRecord[]>;
  /** Makes a target at position 0. @returns false where there is one of that key, which stays as it is */
  begin(target: NewTarget, transaction?: Transaction): Promise<boolean>;
  /**
   * Makes the token the owner of a target, for `leaseMs` by the clock of the store.
   *
   * @returns undefined where another one's lease is not over, the target is stopped, or there is none
   */
  acquire(ownership: Ownership, leaseMs: number): Promise<OwnedTarget | undefined>;
  /** Prolongs the lease to `leaseMs` from now. */
  renew(ownership: Ownership, leaseMs: number): Promise<boolean>;
  /** Ends the ownership, so that another may take over at once. */
  release(ownership: Ownership): Promise<void>;
  /** Says that everything up to a position is in the target. To be called first in a transaction. */
  save(ownership: Ownership, position: number, transaction?: Transaction): Promise<boolean>;
  /** Ends the ownership, and lets nobody acquire the target until it is resumed. */
  stop(ownership: Ownership, reason: string): Promise<boolean>;
  /** Lets the targets of a projection be acquired again. @returns false where none was stopped */
  resume(projection: string): Promise<boolean>;
  /** The position of the active target, which stays where it is until the transaction ends; undefined where there is none. */
  lockActive(projection: string, transaction?: Transaction): Promise<number | undefined>;
  /**
   * Makes the target the active one, in the place of the other, which is removed with what is parked of it. What is in the target, and what
   * the other says was handled before, counts as handled before from now on.
   */
  promote(ownership: Ownership, transaction?: Transaction): Promise<boolean>;
  /**
   * Puts a target back to position 0, and says up to where its events were handled before. Its owner is none any more, a stop is
   * over, and what was parked is forgotten.
   *
   * @returns false where there is no such target
   */
  reset(target: TargetKey, transaction?: Transaction): Promise<boolean>;
  /** Removes a target that is not active, and what is parked of it. @returns false where there is none */
  remove(target: TargetKey, transaction?: Transaction): Promise<boolean>;
  /** Parks an event; one that is parked gets the new error, and is not retried. */
  park(ownership: Ownership, event: ParkedEvent, transaction?: Transaction): Promise<boolean>;
  /** Takes an event out of those that are parked. */
  unpark(ownership: Ownership, position: number, transaction?: Transaction): Promise<boolean>;
  /** A page of parked events. */
  parked(query: ParkedQuery): Promise<readonly ParkedRecord[]>;
  /**
   * Forgets parked events for good, and waits for transactions that have asked for `parkedStreams()`: what these park is forgotten as well.
   *
   * @returns how many
   */
  discardParked(filter: ParkedFilter): Promise<number>;
  /**
   * The streams of which an event keeps the later ones parked. With a transaction they stay so until that has ended, or a discard would have
   * missed what is parked because of them; a store without locks fails the commit instead.
   */
  parkedStreams(target: TargetKey, transaction?: Transaction): Promise<readonly string[]>;
  /** Has the owner try parked events again. @returns how many */
  requestRetry(filter: ParkedFilter): Promise<number>;
  /** The first of the events to try again, with all of their streams where these are parked, in the order of their positions: behind one, by default 0. */
  toRetry(target: TargetKey, limit: number, afterPosition?: number): Promise<readonly ParkedRecord[]>;
  /** Called once, before the first use: connects. */
  open?(): Promise<void>;
  /** Called once, when the application has closed: ends what the store itself has opened. */
  close?(): Promise<void>;
}
