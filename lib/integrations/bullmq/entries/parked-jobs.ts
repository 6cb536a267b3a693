import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import {
  ParkedEntryBusyError,
  type JsonValue,
  type ListedEntry,
  type ParkedChanges,
  type ParkedEntries,
  type ParkedEntry,
  type ParkedPageRequest,
  type ParkingPlace,
  type QueueSettings,
} from '../../../index.js';
import type { BoundedCommands } from '../availability.js';
import { isGone } from '../errors.js';
import type { ParkedSpotOfJob, Store, StoreJob, StoreQueue } from '../store.js';
import { contentOf, parkedEntryOf, replayedData, unparkedJobOf } from './entry-format.js';
import { lanedPlace, noLanes } from './entry-sender.js';
import { entryIdOf, jobIdOf } from './job-ids.js';
import type { ParkingLot, QueueAt } from './parking-lot.js';
import { parkingQueue, placesOf, queueOf, type OwnParkingPlace } from './places.js';

/** How often, and how far apart in milliseconds, it is looked whether the job that was parked is completed: a second in all. */
const MAX_LOOKS = 50;
const LOOK_MS = 20;

/** What is needed to look after what is parked. */
export interface ParkedJobsParts {
  readonly store: Pick<Store, 'parked' | 'add'>;
  readonly commands: BoundedCommands;
  readonly parking: ParkingLot;
  readonly queueAt: QueueAt;
  readonly settingsOf: (queue: string) => QueueSettings;
}

/** A job of one of the BullMQ queues of a queue. */
interface PlacedJob {
  readonly at: string;
  readonly job: StoreJob;
}

/** The parked entries of queues: those that failed in the failed sets of their places, the others in queues of their own. */
export class ParkedJobs implements ParkedEntries {
  constructor(private readonly parts: ParkedJobsParts) {}

  parked(queue: string, place: ParkingPlace, limit: number): Promise<readonly ParkedEntry[]> {
    if (limit < 1) return Promise.resolve([]);
    return this.run('listing', queue, async () =>
      (await this.page(queue, place, { limit })).map(({ spot: _spot, ...entry }) => entry),
    );
  }

  parkedPage(queue: string, place: ParkingPlace, request: ParkedPageRequest): Promise<readonly ListedEntry[]> {
    return this.run('listing', queue, () => this.page(queue, place, request));
  }

  readParked(queue: string, place: ParkingPlace, id: string): Promise<ParkedEntry | undefined> {
    return this.run('reading', queue, async () => {
      const [found] = await this.find(queue, place, jobIdOf(id));
      return found && parkedEntryOf(found.job, place);
    });
  }

  removeParked(queue: string, place: ParkingPlace, id: string): Promise<boolean> {
    return this.run('removing', queue, async () => {
      const removed = await Promise.all(
        (await this.find(queue, place, jobIdOf(id))).map((found) => this.removeJob(place, found)),
      );
      return removed.includes(true);
    });
  }

  replayParked(queue: string, place: ParkingPlace, id: string, { data }: ParkedChanges = {}): Promise<boolean> {
    return this.run('replaying', queue, async () => {
      const [found] = await this.find(queue, place, jobIdOf(id));
      if (found === undefined) return false;
      return place === 'failed' ? this.retry(found, data) : this.sendAgain(queue, place, found, data);
    });
  }

  private run<T>(doing: string, queue: string, command: () => Promise<T>): Promise<T> {
    return this.parts.commands.run(`${doing} what is parked of the queue "${queue}"`, command);
  }

  private async page(queue: string, place: ParkingPlace, request: ParkedPageRequest): Promise<ListedEntry[]> {
    for (let { after } = request; ;) {
      const jobs = await this.next(queue, place, { ...request, after });
      const loaded = await Promise.all(jobs.map(({ at, spot }) => this.parts.queueAt(at).getJob(spot.id)));
      const entries = jobs.flatMap(({ spot }, index) => {
        const job = loaded[index];
        // It was taken away since.
        if (job === undefined || (place === 'failed' && job.finishedOn === undefined)) return [];
        return { ...parkedEntryOf(job, place), spot };
      });
      after = jobs.at(-1)?.spot;
      if (entries.length > 0 || after === undefined) return entries;
    }
  }

  /** The first jobs of all the places together. */
  private async next(queue: string, place: ParkingPlace, { limit, after }: ParkedPageRequest) {
    const found = await Promise.all(
      this.places(queue, place).map(async (at) => {
        const spots = await this.parts.store.parked.list(at, place === 'failed' ? 'failed' : 'waiting', limit, after);
        return spots.map((spot) => ({ at, spot }));
      }),
    );
    return found
      .flat()
      .toSorted((one, other) => byTimeAndId(one.spot, other.spot))
      .slice(0, limit);
  }

  private async find(queue: string, place: ParkingPlace, jobId: string): Promise<PlacedJob[]> {
    if (place !== 'failed') {
      const jobs = await this.parts.parking.jobs(queue, place, jobId);
      return jobs.map((job) => ({ at: parkingQueue(queue, place), job }));
    }
    const found = await Promise.all(
      this.places(queue, place).map(async (at) => {
        const each = this.parts.queueAt(at);
        const [job, state] = await Promise.all([each.getJob(jobId), each.getJobState(jobId)]);
        return job === undefined || state !== 'failed' ? [] : { at, job };
      }),
    );
    return found.flat();
  }

  private removeJob(place: ParkingPlace, { at, job: { id = '' } }: PlacedJob): Promise<boolean> {
    return this.parts.store.parked.remove(at, place === 'failed' ? 'failed' : 'waiting', id);
  }

  /** BullMQ moves it back by itself, so of two who do this at once one succeeds. */
  private async retry({ at, job }: PlacedJob, data: JsonValue | undefined): Promise<boolean> {
    if (data !== undefined || contentOf(job.data).replyTo !== undefined) {
      const isThere = await this.parts.store.parked.updateFailed(at, job.id ?? '', replayedData(job.data, data));
      if (!isThere) return false;
    }
    try {
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  /** First into the queue, then out of its place: whoever is killed in between leaves it in both. */
  private async sendAgain(
    queue: string,
    place: OwnParkingPlace,
    found: PlacedJob,
    data: JsonValue | undefined,
  ): Promise<boolean> {
    const { store, queueAt, settingsOf } = this.parts;
    const { entry, json, isAgain } = unparkedJobOf(found.job, data);
    const at = lanedPlace(settingsOf(queue), entry);
    if (at === undefined) throw noLanes(queue);
    const to = queueAt(at);
    const sent = await this.sentBefore(to, json.id, isAgain);
    if (sent === undefined) {
      const [answer] = await store.add(to, [json]);
      if (typeof answer !== 'string') throw answer ?? new Error('BullMQ gave no answer.');
    } else if (!isDeepStrictEqual(sent.data, JSON.parse(json.data))) {
      // Another replay has sent it, with other content, and that is what is handled.
      throw new ParkedEntryBusyError(queue, entry.id);
    }
    return this.removeJob(place, found);
  }

  /**
   * What a replay before this one has added under that id; undefined where it can be added. Whoever parks a job keeps it first
   * and completes it then; meanwhile BullMQ would take the new one for the old, and drop it.
   *
   * @throws DISPATCH_PARKED_ENTRY_BUSY where an older one stays
   */
  private async sentBefore(queue: StoreQueue, jobId: string, isAgain: boolean): Promise<StoreJob | undefined> {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const there = await queue.getJob(jobId);
      if (there === undefined || contentOf(there.data).isAgain === isAgain) return there;
      await delay(LOOK_MS);
    }
    throw new ParkedEntryBusyError(queueOf(queue.name), entryIdOf(jobId));
  }

  private places(queue: string, place: ParkingPlace): readonly string[] {
    return place === 'failed' ? placesOf(queue, this.parts.settingsOf(queue).lanes) : [parkingQueue(queue, place)];
  }
}

function byTimeAndId(one: ParkedSpotOfJob, other: ParkedSpotOfJob): number {
  if (one.parkedAtMs !== other.parkedAtMs) return other.parkedAtMs - one.parkedAtMs;
  return one.id < other.id ? 1 : -1;
}
