import { Injectable } from '@nestjs/common';

/** What happened, as the handlers told it. A real application would have a database here. */
@Injectable()
export class ActivityFeed {
  private readonly entries: { readonly topic: string; readonly text: string }[] = [];

  get size(): number {
    return this.entries.length;
  }

  add(topic: string, text: string): void {
    this.entries.push({ topic, text });
  }

  /** The number of entries of each topic, in the order of the topics' names. */
  countByTopic(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { topic } of this.entries) counts.set(topic, (counts.get(topic) ?? 0) + 1);
    return new Map([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
