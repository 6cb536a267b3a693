/** The line of a key whose messages wait behind one that is parked. */
export interface KeyLine {
  /** Where entries of the key are delivered from, as `QueueBackend.read` takes it. */
  readonly place: string;
  /** The ids of its entries, in their order; those that are gone since may still be named. */
  readonly entries: readonly string[];
}

/** The line of a key as it was read. */
export interface KeyBlock extends KeyLine {
  /** Another one after every change, also to what it was before. */
  readonly version: string;
}

/**
 * The lines of the keys of queues that are `sequenced`, seen by every process that shares the store, and as durable as its
 * entries. Nothing is kept of a key that has none.
 */
export interface KeyBlocks {
  /** The line of a key; undefined where it has none. */
  keyBlock(queue: string, key: string): Promise<KeyBlock | undefined>;

  /**
   * Writes the line of a key, or removes it where `to` is undefined. Atomicity: only where it still is what `from` says, with
   * undefined for none; of those who change one line at the same time, one is told `true`.
   *
   * @returns whether it was changed
   */
  changeKeyBlock(queue: string, key: string, from: KeyBlock | undefined, to: KeyLine | undefined): Promise<boolean>;
}
