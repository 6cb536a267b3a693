/** How far a stream is, when a message of it arrived. */
export interface SequenceState {
  /** The number that is expected. */
  readonly next: number;
  /** The smallest number that has arrived and waits for those before it; undefined where none does. */
  readonly heldFrom: number | undefined;
  /** For how long the number that is expected has been missing while later ones wait, in milliseconds; 0 where none do. */
  readonly gapMs: number;
}

/**
 * Keeps how far each stream of numbered messages is. Every method is atomic for its stream, also between processes where the
 * store is `isShared`; streams are independent of each other. Repeating a method with the same arguments does no harm. All
 * reject where the store cannot be reached. A stream that has rested longer than the store keeps it begins anew.
 */
export interface SequenceStore {
  /** Whether all processes see the same, and it is still there after a restart. */
  readonly isShared: boolean;
  /** Called once, when the application starts: what it rejects with stops the start. The other methods may be called without it. */
  open?(): Promise<void>;
  /** Takes note that a message has arrived. A stream that is not known begins with `first`. */
  arrive(stream: string, sequence: number, first: number): Promise<SequenceState>;
  /** Has the stream expect `to`, where it expects `from`, and forgets what waits. @returns whether it expected that */
  advance(stream: string, from: number, to: number): Promise<boolean>;
  /** Called once, when the application has closed: ends what the store itself has opened. */
  close?(): Promise<void>;
}
