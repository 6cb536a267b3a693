import type { BulkheadOptions } from './bulkhead.decorator.js';
import { Slots } from './slots.js';

/** The bulkheads of an application: those of names, and those of handlers without one. */
export class Bulkheads {
  private readonly known = new Map<unknown, Slots>();

  of(handler: object, { name, limit, queueLimit = 0 }: BulkheadOptions): Slots {
    const owner = name ?? handler;
    const slots = this.known.get(owner) ?? new Slots(limit, queueLimit);
    this.known.set(owner, slots);
    return slots;
  }

  /** Has nothing from a queue wait any longer. */
  stop(): void {
    for (const slots of this.known.values()) slots.stop();
  }
}
