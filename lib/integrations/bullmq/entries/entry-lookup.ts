import type { JobState } from 'bullmq';

import {
  CancelledError,
  UNKNOWN_ENTRY,
  type CancelResult,
  type EntryOutcome,
  type EntrySnapshot,
  type EntryState,
} from '../../../index.js';
import type { Replies } from '../replies.js';
import type { Store } from '../store.js';
import { contentOf, outcomeOf, progressOf } from './entry-format.js';
import type { ParkingLot, QueueAt } from './parking-lot.js';
import { queueOf } from './places.js';

/** What is needed to find an entry. */
export interface EntryLookupParts {
  readonly store: Pick<Store, 'removeWaiting' | 'tell'>;
  readonly parking: ParkingLot;
  readonly replies: Replies;
  readonly queueAt: QueueAt;
}

/** Finds single entries, to say how they stand and to cancel them. */
export class EntryLookup {
  constructor(private readonly parts: EntryLookupParts) {}

  /** Says how a job stands, wherever it is parked. */
  async read(place: string, jobId: string): Promise<EntrySnapshot> {
    const queue = this.parts.queueAt(place);
    const [state, job] = await Promise.all([queue.getJobState(jobId), queue.getJob(jobId)]);
    if (job === undefined || state === 'unknown') return this.readParked(place, jobId);
    const isFinished = state === 'completed' || state === 'failed';
    // The two answers are of two moments: the job ended in between.
    if (isFinished !== (job.finishedOn !== undefined)) return this.read(place, jobId);
    const outcome = outcomeOf(job, state);
    return {
      state: outcome?.status ?? entryStateOf(state),
      attempt: job.attemptsStarted,
      progress: progressOf(job),
      outcome,
    };
  }

  private async readParked(place: string, jobId: string): Promise<EntrySnapshot> {
    const parked = await this.parts.parking.find(queueOf(place), jobId);
    if (parked === undefined) return UNKNOWN_ENTRY;
    const { attempt, error } = parked;
    return { state: 'failed', attempt, progress: undefined, outcome: { status: 'failed', error } };
  }

  /** Removes a job that waits, or tells whoever runs it. */
  async cancel(place: string, jobId: string, id: string): Promise<CancelResult> {
    const job = await this.parts.queueAt(place).getJob(jobId);
    const removal = await this.parts.store.removeWaiting(place, jobId);
    if (removal === 'finished') return 'finished';
    if (removal === 'active') {
      // Read again: it may have been started since.
      const { processedBy } = (await this.parts.queueAt(place).getJob(jobId)) ?? {};
      if (processedBy !== undefined) await this.parts.store.tell(processedBy, [{ type: 'cancel', place, jobId }]);
      return 'requested';
    }
    if (removal === 'unknown') {
      return (await this.parts.parking.find(queueOf(place), jobId)) === undefined ? 'unknown' : 'finished';
    }
    const { replyTo } = contentOf(job?.data);
    const { name, message, code, stack } = new CancelledError(id);
    const outcome: EntryOutcome = { status: 'failed', error: { name, message, code, stack } };
    if (replyTo !== undefined) this.parts.replies.send(replyTo, { id, outcome, place });
    return 'cancelled';
  }
}

function entryStateOf(state: JobState): EntryState {
  return state === 'prioritized' || state === 'waiting-children' ? 'waiting' : state;
}
