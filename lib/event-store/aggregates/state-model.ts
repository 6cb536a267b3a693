import type { MessageClass } from '../../message/message.js';

/** When snapshots of a state are taken. */
export interface SnapshotOptions {
  /** After how many events there is a new one, from 1. Default 100. */
  readonly every?: number;
  /**
   * The version of the shape of what is kept, from 1: raise it whenever that changes, and older snapshots are made anew. Default 1.
   */
  readonly version?: number;
}

/** How a state is written and read again. */
export interface SnapshotModel<S> {
  readonly every: number;
  readonly version: number;
  /** What is kept of a state, for the codec. */
  take(state: S): unknown;
  /** The state again. */
  restore(id: string, kept: unknown): S;
}

/** How the state of streams of one category comes of their events. */
export interface StateModel<S> {
  /** The first part of the streams' names. */
  readonly category: string;
  /** Names it in errors. */
  readonly label: string;
  /** The events it is known to have. */
  readonly events: readonly MessageClass[];
  /** The state before the first event. */
  create(id: string): S;
  /** The state after an event: the same object, changed, or another one. */
  apply(state: S, event: object): S;
  /** Undefined where no snapshots are taken. */
  readonly snapshots: SnapshotModel<S> | undefined;
}

/** What is wrong with the options of snapshots; empty if nothing is. */
export function snapshotProblems({ every = 100, version = 1 }: SnapshotOptions): string[] {
  return [
    ...(isCount(every) ? [] : ['has "snapshots" with an "every" that is not a whole number from 1']),
    ...(isCount(version) ? [] : ['has "snapshots" with a "version" that is not a whole number from 1']),
  ];
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}
