import type { WaitingAppend } from './waiting-append.js';

/** The most appends and events of one statement, and its most characters: a server holds a lock for each stream of it. */
const MAX_APPENDS = 128;
const MAX_EVENTS = 1000;
const MAX_CHARACTERS = 1_048_576;

/** Appends that wait, in one lane for each stream: those of one stream are written one after the other, in their order. */
export class StreamLanes {
  /** The first of each lane is ready, or under way; the lane ends with the last. */
  private readonly lanes = new Map<string, WaitingAppend[]>();
  /** The first ones that are ready, in the order in which they became so. */
  private ready: WaitingAppend[] = [];

  add(append: WaitingAppend): void {
    const lane = this.lanes.get(append.stream);
    if (lane !== undefined) {
      lane.push(append);
      return;
    }
    this.lanes.set(append.stream, [append]);
    this.ready.push(append);
  }

  /** Those that one statement can write, each of another stream; from now on they are under way. Empty where none is ready. */
  take(): readonly WaitingAppend[] {
    let [eventCount, characterCount, count] = [0, 0, 0];
    for (const { events } of this.ready) {
      eventCount += events.length;
      for (const { payload } of events) characterCount += payload.length;
      const isFull = count === MAX_APPENDS || eventCount > MAX_EVENTS || characterCount > MAX_CHARACTERS;
      if (isFull && count > 0) break;
      count += 1;
    }
    return this.ready.splice(0, count);
  }

  /** Ends what was under way in a stream: its next append is ready. */
  end({ stream }: WaitingAppend): void {
    const lane = this.lanes.get(stream);
    lane?.shift();
    const next = lane?.[0];
    if (next === undefined) this.lanes.delete(stream);
    else this.ready.push(next);
  }

  /** All that waits, which is nothing of here then. */
  takeAll(): readonly WaitingAppend[] {
    const waiting = this.ready.splice(0).flatMap((append) => this.lanes.get(append.stream) ?? []);
    for (const { stream } of waiting) this.lanes.delete(stream);
    return waiting;
  }
}
