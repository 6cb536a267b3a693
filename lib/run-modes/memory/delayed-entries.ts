import type { MemoryEntry } from './memory-entry.js';

/** Entries that are kept back, the one due first on top: a binary heap that each entry knows its place in. */
export class DelayedEntries {
  private readonly heap: MemoryEntry[] = [];

  get size(): number {
    return this.heap.length;
  }

  /** When the first one is due, in milliseconds; undefined where there is none. */
  get nextDueAt(): number | undefined {
    return this.heap[0]?.dueAt;
  }

  get first(): MemoryEntry | undefined {
    return this.heap[0];
  }

  /** The one due last. Looks at all of them. */
  get last(): MemoryEntry | undefined {
    let last = this.heap[0];
    for (const entry of this.heap) if (last !== undefined && isBefore(last, entry)) last = entry;
    return last;
  }

  add(entry: MemoryEntry): void {
    entry.heapIndex = this.heap.length;
    this.heap.push(entry);
    this.rise(entry);
  }

  remove(entry: MemoryEntry): void {
    const index = entry.heapIndex;
    if (index < 0) return;
    entry.heapIndex = -1;
    const last = this.heap.pop();
    if (last === undefined || last === entry) return;
    this.put(last, index);
    this.rise(last);
    this.sink(last);
  }

  /** Takes the first one where it is due at this time. */
  takeDue(time: number): MemoryEntry | undefined {
    const first = this.heap[0];
    if (first === undefined || first.dueAt > time) return undefined;
    this.remove(first);
    return first;
  }

  /** In no order. */
  values(): readonly MemoryEntry[] {
    return [...this.heap];
  }

  private put(entry: MemoryEntry, index: number): void {
    this.heap[index] = entry;
    entry.heapIndex = index;
  }

  private rise(entry: MemoryEntry): void {
    for (let index = entry.heapIndex; index > 0;) {
      const above = (index - 1) >> 1;
      const parent = this.heap[above];
      if (parent === undefined || !isBefore(entry, parent)) return;
      this.put(parent, index);
      this.put(entry, above);
      index = above;
    }
  }

  private sink(entry: MemoryEntry): void {
    for (;;) {
      const index = entry.heapIndex;
      const left = this.heap[2 * index + 1];
      const right = this.heap[2 * index + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, entry)) return;
      this.put(entry, child.heapIndex);
      this.put(child, index);
    }
  }
}

function isBefore(one: MemoryEntry, other: MemoryEntry): boolean {
  return one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.sequence < other.sequence);
}
