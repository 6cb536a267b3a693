import type { ParkedEntry, ParkingPlace, QueueSettings, WireError } from '../../../index.js';
import { parkedData, parkedEntryOf } from './entry-format.js';
import { jobIdOf } from './job-ids.js';
import { OWN_PARKING_PLACES, parkingQueue, type OwnParkingPlace } from './places.js';
import type { StoreJob, StoreQueue } from '../store.js';

/** Makes a BullMQ queue, or gives the one that is there. */
export type QueueAt = (place: string) => StoreQueue;

/** The BullMQ queues that keep what never reached a handler. Nothing consumes them. */
export class ParkingLot {
  constructor(private readonly queueAt: QueueAt) {}

  /** Keeps an entry with its error. Idempotent, so that whoever was interrupted can do it again. */
  async park(
    { name: queue, keepParked }: QueueSettings,
    place: OwnParkingPlace,
    job: StoreJob,
    error: WireError,
  ): Promise<void> {
    const parkingPlace = this.queueAt(parkingQueue(queue, place));
    await parkingPlace.add(job.name, parkedData(job, error), { jobId: parkedIdOf(job.id ?? '') });
    // BullMQ bounds only what has finished; these wait for ever.
    const { count, ageMs } = keepParked;
    if (Number.isFinite(ageMs)) await parkingPlace.clean(ageMs, 1000, 'wait');
    const surplus = (await parkingPlace.getWaitingCount()) - count;
    if (surplus <= 0) return;
    const oldest = await parkingPlace.getJobs(['wait'], 0, surplus - 1, true);
    await Promise.all(oldest.map(({ id = '' }) => parkingPlace.remove(id)));
  }

  /** The entries that are parked, the newest first. */
  async list(places: readonly string[], queue: string, place: ParkingPlace, limit: number): Promise<ParkedEntry[]> {
    if (limit < 1) return [];
    if (place !== 'failed') {
      const jobs = await this.queueAt(parkingQueue(queue, place)).getJobs(['wait'], 0, limit - 1, false);
      return jobs.map((job) => parkedEntryOf(job, place));
    }
    const lists = await Promise.all(places.map((each) => this.queueAt(each).getJobs(['failed'], 0, limit - 1, false)));
    const entries = lists.flat().map((job) => parkedEntryOf(job, place));
    return entries.toSorted((one, other) => other.parkedAt.getTime() - one.parkedAt.getTime()).slice(0, limit);
  }

  /** An entry that never reached a handler, wherever it is parked. */
  async find(queue: string, jobId: string): Promise<ParkedEntry | undefined> {
    const found = await Promise.all(
      OWN_PARKING_PLACES.map(async (place) => {
        const job = await this.queueAt(parkingQueue(queue, place)).getJob(parkedIdOf(jobId));
        return job && parkedEntryOf(job, place);
      }),
    );
    return found.find((entry) => entry !== undefined);
  }
}

/** BullMQ numbers a stranger's jobs, but lets nobody add one with a number for an id. */
function parkedIdOf(jobId: string): string {
  return /^-?\d+$/.test(jobId) ? jobIdOf(jobId) : jobId;
}
