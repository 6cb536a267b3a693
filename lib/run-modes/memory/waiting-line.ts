import { LinkedList, type Link } from '../../common/linked-list.js';
import type { MemoryEntry } from './memory-entry.js';

/** The entries of one key. While one is delivered, or waits for its next attempt, the others stay. */
interface KeyLine {
  readonly key: string;
  readonly line: LinkedList<MemoryEntry>;
  holder: MemoryEntry | undefined;
  /** Its place among the lines whose first entry may be taken. */
  spot: Link<KeyLine> | undefined;
}

/** How many priorities keep their empty list, so that a queue that is nearly empty makes no new one for each entry. */
const MAX_EMPTY_BUCKETS = 64;

/** Entries that are ready: those without a key by priority, then as they came; those with one in a line per key. */
export class WaitingLine {
  private readonly ages = new LinkedList<MemoryEntry>();
  private readonly buckets = new Map<number, LinkedList<MemoryEntry>>();
  /** The priorities that have a bucket, the most urgent first. */
  private readonly priorities: number[] = [];
  private readonly keys = new Map<string, KeyLine>();
  private readonly free = new LinkedList<KeyLine>();

  private unkeyedCount = 0;

  get size(): number {
    return this.ages.size;
  }

  /** How many of them have no key. */
  get unkeyedSize(): number {
    return this.unkeyedCount;
  }

  /** The one that has been ready for longest. */
  get oldest(): MemoryEntry | undefined {
    return this.ages.first;
  }

  get newest(): MemoryEntry | undefined {
    return this.ages.last;
  }

  /** Adds an entry behind its equals; one that its key has waited for goes first in its line. */
  addLast(entry: MemoryEntry): void {
    entry.age = this.ages.push(entry);
    const { key, priority } = entry.entry;
    if (key === undefined) {
      this.unkeyedCount += 1;
      entry.spot = this.bucketOf(priority).push(entry);
      return;
    }
    const line = this.lineOf(key);
    entry.spot = line.holder === entry ? line.line.unshift(entry) : line.line.push(entry);
    if (line.holder === entry) line.holder = undefined;
    if (line.holder === undefined) line.spot ??= this.free.push(line);
  }

  /** Adds an entry before its equals. */
  addFirst(entry: MemoryEntry): void {
    entry.age = this.ages.unshift(entry);
    const { key, priority } = entry.entry;
    if (key === undefined) {
      this.unkeyedCount += 1;
      entry.spot = this.bucketOf(priority).unshift(entry);
      return;
    }
    const line = this.lineOf(key);
    line.holder = undefined;
    entry.spot = line.line.unshift(entry);
    line.spot ??= this.free.unshift(line);
  }

  /** Takes the next entry that has no key. */
  takeUnkeyed(): MemoryEntry | undefined {
    for (const priority of this.priorities) {
      const entry = this.buckets.get(priority)?.first;
      if (entry === undefined) continue;
      this.remove(entry);
      return entry;
    }
    return undefined;
  }

  /** Takes the first entry of the next key that none is delivered of; the key is held until `release`. */
  takeKeyed(): MemoryEntry | undefined {
    const line = this.free.first;
    const entry = line?.line.first;
    if (line === undefined || entry === undefined) return undefined;
    line.holder = entry;
    this.remove(entry);
    return entry;
  }

  /** Lets the next entry of a key go, once this one is finished. */
  release(entry: MemoryEntry): void {
    const { key } = entry.entry;
    const line = key === undefined ? undefined : this.keys.get(key);
    if (line === undefined || line.holder !== entry) return;
    line.holder = undefined;
    this.settle(line);
  }

  /** Removes an entry that waits. */
  remove(entry: MemoryEntry): void {
    if (entry.age === undefined || entry.spot === undefined) return;
    this.ages.remove(entry.age);
    entry.age = undefined;
    const { key, priority } = entry.entry;
    const line = key === undefined ? undefined : this.keys.get(key);
    (line?.line ?? this.bucketOf(priority)).remove(entry.spot);
    entry.spot = undefined;
    if (line !== undefined) {
      this.settle(line);
      return;
    }
    this.unkeyedCount -= 1;
    this.forgetEmpty(priority);
  }

  [Symbol.iterator](): Iterator<MemoryEntry> {
    return this.ages[Symbol.iterator]();
  }

  /** Puts a line among the free ones or takes it away from there, and forgets the key where nothing of it is left. */
  private settle(line: KeyLine): void {
    const isFree = line.holder === undefined && line.line.size > 0;
    if (isFree) {
      line.spot ??= this.free.push(line);
      return;
    }
    if (line.spot !== undefined) this.free.remove(line.spot);
    line.spot = undefined;
    if (line.holder === undefined) this.keys.delete(line.key);
  }

  private lineOf(key: string): KeyLine {
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    const line: KeyLine = { key, line: new LinkedList(), holder: undefined, spot: undefined };
    this.keys.set(key, line);
    return line;
  }

  private bucketOf(priority: number): LinkedList<MemoryEntry> {
    const known = this.buckets.get(priority);
    if (known !== undefined) return known;
    const bucket = new LinkedList<MemoryEntry>();
    this.buckets.set(priority, bucket);
    this.priorities.splice(this.rankOf(priority), 0, priority);
    return bucket;
  }

  private forgetEmpty(priority: number): void {
    if (this.priorities.length <= MAX_EMPTY_BUCKETS || this.buckets.get(priority)?.size !== 0) return;
    this.buckets.delete(priority);
    this.priorities.splice(this.rankOf(priority), 1);
  }

  /** How many known priorities are more urgent. */
  private rankOf(priority: number): number {
    let low = 0;
    let high = this.priorities.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.priorities[middle] ?? 0) < priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
