import { describeValue, isOptionsObject } from '../../common/describe-value.js';
import { InvalidSequenceOptionsError } from './errors.js';
import type { SequenceState, SequenceStore } from './sequence-store.port.js';

/** Options of {@link memorySequence}. */
export interface MemorySequenceOptions {
  /** How many streams are kept, from 1; those that rested longest are forgotten first, and begin anew. Default 100 000. */
  readonly maxStreams?: number;
}

interface Stream {
  next: number;
  heldFrom: number | undefined;
  gapSinceMs: number;
}

/**
 * Keeps how far streams are in the memory of this process: another process, or this one after a restart, begins anew. The
 * default.
 *
 * @throws DISPATCH_INVALID_SEQUENCE_OPTIONS
 */
export function memorySequence(options: MemorySequenceOptions = {}): SequenceStore {
  const { maxStreams = 100_000 } = options ?? {};
  const unknown = Object.keys(options ?? {}).filter((name) => name !== 'maxStreams');
  const problems = unknown.map((name) => `has the unknown option "${name}": there is maxStreams`);
  if (!isOptionsObject(options)) problems.push(`has ${describeValue(options)} as its options: give an object`);
  if (!Number.isSafeInteger(maxStreams) || maxStreams < 1) {
    problems.push(`has maxStreams ${describeValue(maxStreams)}, not a whole number from 1`);
  }
  if (problems.length > 0) throw new InvalidSequenceOptionsError('memorySequence()', problems);
  return new MemorySequenceStore(maxStreams);
}

class MemorySequenceStore implements SequenceStore {
  readonly isShared = false;
  private readonly streams = new Map<string, Stream>();

  constructor(private readonly maxStreams: number) {}

  async arrive(name: string, sequence: number, first: number): Promise<SequenceState> {
    const stream = this.touch(name, first);
    const isAhead = sequence > stream.next;
    if (isAhead && stream.heldFrom === undefined) stream.gapSinceMs = performance.now();
    if (isAhead) stream.heldFrom = Math.min(stream.heldFrom ?? sequence, sequence);
    const { next, heldFrom, gapSinceMs } = stream;
    return { next, heldFrom, gapMs: heldFrom === undefined ? 0 : performance.now() - gapSinceMs };
  }

  async advance(name: string, from: number, to: number): Promise<boolean> {
    const stream = this.streams.get(name);
    if (stream?.next !== from) return false;
    stream.next = to;
    stream.heldFrom = undefined;
    return true;
  }

  /** Set anew, it stands behind all that have rested longer. */
  private touch(name: string, first: number): Stream {
    const stream = this.streams.get(name) ?? { next: first, heldFrom: undefined, gapSinceMs: 0 };
    this.streams.delete(name);
    for (const oldest of this.streams.keys()) {
      if (this.streams.size < this.maxStreams) break;
      this.streams.delete(oldest);
    }
    this.streams.set(name, stream);
    return stream;
  }
}
