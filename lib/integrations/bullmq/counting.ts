import type { QueueCounts } from '../../index.js';
import { OWN_PARKING_PLACES } from './entries/places.js';
import type { PlaceCounts } from './store.js';

/** Adds the counts of a queue and its lanes up. @param parking in the order of {@link OWN_PARKING_PLACES} */
export function sumOf(places: readonly PlaceCounts[], parking: readonly PlaceCounts[]): QueueCounts {
  const sum = (field: 'waiting' | 'delayed' | 'active' | 'completed' | 'failed'): number =>
    places.reduce((total, counts) => total + counts[field], 0);
  const readyAt = places.flatMap(({ oldestReadyAt }) => oldestReadyAt ?? []);
  const parkedIn = (place: (typeof OWN_PARKING_PLACES)[number]): number =>
    parking[OWN_PARKING_PLACES.indexOf(place)]?.waiting ?? 0;
  return {
    waiting: sum('waiting'),
    delayed: sum('delayed'),
    active: sum('active'),
    completed: sum('completed'),
    parked: {
      failed: sum('failed'),
      unreadable: parkedIn('unreadable'),
      unhandled: parkedIn('unhandled'),
      invalid: parkedIn('invalid'),
    },
    isPaused: places[0]?.isPaused ?? false,
    // The clocks of two machines differ: nothing has waited for less than no time.
    oldestWaitingMs: readyAt.length === 0 ? 0 : Math.max(0, Date.now() - Math.min(...readyAt)),
  };
}
