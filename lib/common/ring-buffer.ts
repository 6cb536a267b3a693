/** First in, first out, with room for a fixed number of entries. Its memory grows with the entries, up to that number. */
export class RingBuffer<T extends object> {
  private readonly slots: (T | undefined)[] = [];
  private head = 0;
  private count = 0;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.count;
  }

  /** Adds an entry at the end; false, and nothing happens, where there is no room. */
  push(entry: T): boolean {
    if (this.count === this.capacity) return false;
    this.slots[(this.head + this.count) % this.capacity] = entry;
    this.count += 1;
    return true;
  }

  /** Takes the oldest entry; undefined where there is none. */
  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const entry = this.slots[this.head];
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) % this.capacity;
    this.count -= 1;
    return entry;
  }

  /** Lets go of all entries. */
  clear(): void {
    this.slots.length = 0;
    this.head = 0;
    this.count = 0;
  }
}
