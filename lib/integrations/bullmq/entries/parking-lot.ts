import type { ParkedEntry, QueueSettings, WireError } from '../../../index.js';
import { contentOf, parkedData, parkedEntryOf, parkedIdOf } from './entry-format.js';
import { OWN_PARKING_PLACES, parkingQueue, type OwnParkingPlace } from './places.js';
import type { StoreJob, StoreQueue } from '../store.js';

/** Makes a BullMQ queue, or gives the one that is there. */
export type QueueAt = (place: string) => StoreQueue;

/** What an entry is parked with. */
export interface Parking {
  readonly place: OwnParkingPlace;
  readonly error: WireError;
  readonly firstFailedAt?: Date | undefined;
}

/** The BullMQ queues that keep what never reached a handler. Nothing consumes them. */
export class ParkingLot {
  constructor(private readonly queueAt: QueueAt) {}

  /** Keeps an entry with its error. Idempotent, so that whoever was interrupted can do it again. */
  async park({ name: queue, keepParked }: QueueSettings, job: StoreJob, parking: Parking): Promise<void> {
    const { place, error, firstFailedAt } = parking;
    const parkingPlace = this.queueAt(parkingQueue(queue, place));
    const timestamp = Date.now();
    const jobId = parkedIdOf(job.id ?? '', contentOf(job.data).isAgain);
    await parkingPlace.add(job.name, parkedData(job, error, timestamp, firstFailedAt), { jobId, timestamp });
    // BullMQ bounds only what has finished; these wait for ever.
    const { count, ageMs } = keepParked;
    if (Number.isFinite(ageMs)) await parkingPlace.clean(ageMs, 1000, 'wait');
    const surplus = (await parkingPlace.getWaitingCount()) - count;
    if (surplus <= 0) return;
    const oldest = await parkingPlace.getJobs(['wait'], 0, surplus - 1, true);
    await Promise.all(oldest.map(({ id = '' }) => parkingPlace.remove(id)));
  }

  /** An entry that never reached a handler, wherever it is parked. */
  async find(queue: string, jobId: string): Promise<ParkedEntry | undefined> {
    const found = await Promise.all(
      OWN_PARKING_PLACES.map(async (place) => {
        const [job] = await this.jobs(queue, place, jobId);
        return job && parkedEntryOf(job, place);
      }),
    );
    return found.find((entry) => entry !== undefined);
  }

  /** The jobs that keep an entry in one place: two, where a replay of it was interrupted and it came back. */
  async jobs(queue: string, place: OwnParkingPlace, jobId: string): Promise<StoreJob[]> {
    const parkingPlace = this.queueAt(parkingQueue(queue, place));
    const jobs = await Promise.all([true, false].map((isAgain) => parkingPlace.getJob(parkedIdOf(jobId, isAgain))));
    return jobs.filter((job) => job !== undefined);
  }
}
