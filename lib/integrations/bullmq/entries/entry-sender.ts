import { InvalidQueueOptionsError, type EnqueueResult, type QueueEntry, type QueueSettings } from '../../../index.js';
import type { BoundedCommands } from '../availability.js';
import { jobOf } from './entry-format.js';
import { entryIdOf, jobIdOf } from './job-ids.js';
import type { QueueAt } from './parking-lot.js';
import { laneOf, lanePlace } from './places.js';
import type { Store } from '../store.js';

/** An entry among those it was sent with. */
interface Spot {
  readonly entry: QueueEntry;
  result: EnqueueResult | undefined;
}

/** Stores entries: one round trip for all that go to one place, and the places side by side. */
export class EntrySender {
  constructor(
    private readonly store: Pick<Store, 'add'>,
    private readonly commands: BoundedCommands,
    private readonly queueAt: QueueAt,
  ) {}

  /**
   * Stores entries in order. All of them are told of a store that does not answer for one place, since it is the same for
   * every one, and it is not known of any of them then whether it is stored.
   *
   * @throws DISPATCH_QUEUE_UNAVAILABLE
   */
  async send(settings: QueueSettings, entries: readonly QueueEntry[]): Promise<readonly EnqueueResult[]> {
    const groups = new Map<string, Spot[]>();
    const spots = entries.map((entry) => {
      const spot: Spot = { entry, result: undefined };
      const place = lanedPlace(settings, entry);
      if (place === undefined) return { entry, result: refusal(noLanes(settings.name)) };
      const group = groups.get(place);
      if (group === undefined) groups.set(place, [spot]);
      else group.push(spot);
      return spot;
    });
    await Promise.all([...groups].map(([place, group]) => this.add(settings.name, place, group)));
    return spots.map(({ result }) => result ?? refusal(new Error('BullMQ gave too few answers.')));
  }

  private async add(queue: string, place: string, group: readonly Spot[]): Promise<void> {
    const attempted = `sending ${group.length === 1 ? 'a message' : `${group.length} messages`} to the queue "${queue}"`;
    const answers = await this.commands.run(attempted, () => this.addAll(place, group));
    for (const [index, answer] of answers.entries()) {
      const spot = group[index];
      if (spot !== undefined) spot.result = resultOf(place, spot.entry, answer);
    }
  }

  /** The id of each job, or why the store did not take it. */
  private async addAll(place: string, group: readonly Spot[]): Promise<readonly (string | Error)[]> {
    const jobs = group.map(({ entry }) => jobOf(entry));
    const answers = await this.store.add(this.queueAt(place), jobs);
    for (const answer of answers) if (typeof answer !== 'string' && this.commands.isOutage(answer)) throw answer;
    return answers;
  }
}

/** Where an entry goes; undefined where the queue takes no entry with a key. */
export function lanedPlace({ name, lanes }: QueueSettings, { key }: Pick<QueueEntry, 'key'>): string | undefined {
  if (key === undefined) return name;
  return lanes === 0 ? undefined : lanePlace(name, laneOf(key, lanes));
}

/** Why it takes none. */
export function noLanes(queue: string): Error {
  return new InvalidQueueOptionsError(`the queue "${queue}"`, ['has lanes 0, so it takes no message with a key']);
}

function refusal(error: Error): EnqueueResult {
  return { status: 'refused', error };
}

function resultOf(place: string, { id, deduplicationId }: QueueEntry, answer: string | Error): EnqueueResult {
  if (typeof answer !== 'string') return refusal(answer);
  // BullMQ answers with the id of the job that is there.
  const isOther = deduplicationId !== undefined && answer !== jobIdOf(id);
  return isOther ? { status: 'duplicate', id: entryIdOf(answer), place } : { status: 'stored', place };
}
