import { InvalidQueueOptionsError, type EnqueueResult, type QueueEntry, type QueueSettings } from '../../../index.js';
import type { BoundedCommands } from '../availability.js';
import { toError } from '../errors.js';
import { jobOf } from './entry-format.js';
import { entryIdOf, jobIdOf } from './job-ids.js';
import type { QueueAt } from './parking-lot.js';
import { laneOf, lanePlace } from './places.js';
import type { StoreQueue } from '../store.js';

/** Stores entries: one round trip for all that go to one place, and the places side by side. */
export class EntrySender {
  constructor(
    private readonly commands: BoundedCommands,
    private readonly queueAt: QueueAt,
  ) {}

  /** Stores entries in order. Each promise settles by itself. */
  send(settings: QueueSettings, entries: readonly QueueEntry[]): readonly Promise<EnqueueResult>[] {
    const groups = new Map<string, QueueEntry[]>();
    const spots = entries.map((entry) => {
      const place = placeOf(settings, entry);
      if (place === undefined) return undefined;
      const group = groups.get(place) ?? [];
      groups.set(place, group);
      return { place, index: group.push(entry) - 1 };
    });
    const added = new Map([...groups].map(([place, group]) => [place, this.add(settings.name, place, group)]));
    return spots.map(async (spot): Promise<EnqueueResult> => {
      const results = spot && (await added.get(spot.place));
      return results?.[spot?.index ?? 0] ?? { status: 'refused', error: noLanes(settings.name) };
    });
  }

  private async add(queue: string, place: string, entries: readonly QueueEntry[]): Promise<EnqueueResult[]> {
    const store = this.queueAt(place);
    const attempted = `sending ${entries.length === 1 ? 'a message' : `${entries.length} messages`} to the queue "${queue}"`;
    const answers = await this.commands.run(attempted, () => this.addAll(store, entries));
    return entries.map((entry, index) => resultOf(place, entry, answers[index]));
  }

  /** The id of each job, or why the store did not take it. */
  private async addAll(queue: StoreQueue, entries: readonly QueueEntry[]): Promise<(string | Error | undefined)[]> {
    const [first] = entries;
    // BullMQ adds one job in less time than a batch of one.
    if (first !== undefined && entries.length === 1) return [await this.addOne(queue, first)];
    try {
      const jobs = await queue.addBulk(entries.map((entry) => jobOf(entry)));
      return jobs.map(({ id }) => id);
    } catch (error) {
      if (this.commands.isOutage(error)) throw error;
    }
    // BullMQ tells of the first job that was refused, not of which ones were stored. To add a job again changes nothing,
    // so each is asked for by itself.
    return Promise.all(entries.map((entry) => this.addOne(queue, entry)));
  }

  private async addOne(queue: StoreQueue, entry: QueueEntry): Promise<string | Error | undefined> {
    const { name, data, opts } = jobOf(entry);
    try {
      return (await queue.add(name, data, opts)).id;
    } catch (error) {
      if (this.commands.isOutage(error)) throw error;
      return toError(error);
    }
  }
}

/** Where an entry goes; undefined where the queue takes no entry with a key. */
function placeOf({ name, lanes }: QueueSettings, { key }: QueueEntry): string | undefined {
  if (key === undefined) return name;
  return lanes === 0 ? undefined : lanePlace(name, laneOf(key, lanes));
}

function noLanes(queue: string): Error {
  return new InvalidQueueOptionsError(`the queue "${queue}"`, ['has lanes 0, so it takes no message with a key']);
}

function resultOf(
  place: string,
  { id, deduplicationId }: QueueEntry,
  answer: string | Error | undefined,
): EnqueueResult {
  if (answer instanceof Error) return { status: 'refused', error: answer };
  // BullMQ answers with the id of the job that is there.
  const isOther = deduplicationId !== undefined && answer !== undefined && answer !== jobIdOf(id);
  return isOther ? { status: 'duplicate', id: entryIdOf(answer), place } : { status: 'stored', place };
}
