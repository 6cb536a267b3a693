/** A value's place in a {@link LinkedList}, by which it can be removed from anywhere. */
export interface Link<T> {
  readonly value: T;
}

interface Node<T> extends Link<T> {
  before: Node<T> | undefined;
  after: Node<T> | undefined;
  list: LinkedList<T> | undefined;
}

/** Values in a row: added at either end and removed from anywhere in constant time. What is removed is let go of. */
export class LinkedList<T> {
  private head: Node<T> | undefined;
  private tail: Node<T> | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get first(): T | undefined {
    return this.head?.value;
  }

  get last(): T | undefined {
    return this.tail?.value;
  }

  /** Adds a value at the end. */
  push(value: T): Link<T> {
    const node: Node<T> = { value, before: this.tail, after: undefined, list: this };
    if (this.tail === undefined) this.head = node;
    else this.tail.after = node;
    this.tail = node;
    this.count += 1;
    return node;
  }

  /** Adds a value at the beginning. */
  unshift(value: T): Link<T> {
    const node: Node<T> = { value, before: undefined, after: this.head, list: this };
    if (this.head === undefined) this.tail = node;
    else this.head.before = node;
    this.head = node;
    this.count += 1;
    return node;
  }

  /** Takes the first value; undefined where there is none. */
  shift(): T | undefined {
    const node = this.head;
    if (node === undefined) return undefined;
    this.remove(node);
    return node.value;
  }

  /** Removes a value by its link; nothing happens where it is in the list no more. */
  remove(link: Link<T>): void {
    // Every link was made by this class, which makes nothing but nodes.
    const node = link as Node<T>;
    if (node.list !== this) return;
    const { before, after } = node;
    if (before === undefined) this.head = after;
    else before.after = after;
    if (after === undefined) this.tail = before;
    else after.before = before;
    node.before = undefined;
    node.after = undefined;
    node.list = undefined;
    this.count -= 1;
  }

  /** From the first to the last. */
  *[Symbol.iterator](): Iterator<T> {
    for (let node = this.head; node !== undefined; node = node.after) yield node.value;
  }

  /** From the last to the first. */
  *backwards(): Generator<T, void> {
    for (let node = this.tail; node !== undefined; node = node.before) yield node.value;
  }
}
