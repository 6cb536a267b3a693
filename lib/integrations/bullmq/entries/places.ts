import type { ParkingPlace } from '../../../index.js';

/**
 * The names of BullMQ queues. A queue `orders` of this package is the BullMQ queue `orders`, its lanes `orders~0`,
 * `orders~1`, … for entries with a key, and `orders~unreadable`, `orders~unhandled`, `orders~invalid` for what is parked
 * without having reached a handler. What a handler gave up on stays in the failed set of where it was.
 */
export type OwnParkingPlace = Exclude<ParkingPlace, 'failed'>;

/** The parking places that are BullMQ queues of their own. */
export const OWN_PARKING_PLACES: readonly OwnParkingPlace[] = ['unreadable', 'unhandled', 'invalid'];

const SEPARATOR = '~';

/** The BullMQ queue of a lane, counted from 0. */
export function lanePlace(queue: string, lane: number): string {
  return `${queue}${SEPARATOR}${lane}`;
}

/** The BullMQ queue that entries of a queue are parked in. */
export function parkingQueue(queue: string, place: OwnParkingPlace): string {
  return `${queue}${SEPARATOR}${place}`;
}

/** The BullMQ queue that keeps the lines of the keys of a queue which is sequenced. */
export function linesQueue(queue: string): string {
  return `${queue}${SEPARATOR}sequenced`;
}

/** The queue that a BullMQ queue belongs to. */
export function queueOf(place: string): string {
  return place.split(SEPARATOR, 1)[0] ?? place;
}

/** The BullMQ queues that entries of a queue are delivered from. */
export function placesOf(queue: string, lanes: number): string[] {
  return [queue, ...Array.from({ length: lanes }, (_, lane) => lanePlace(queue, lane))];
}

/** What is wrong with the name of a queue; undefined where BullMQ and this adapter can use it. */
export function queueNameProblem(queue: string): string | undefined {
  if (queue === '') return 'has an empty name';
  return /[:~]/.test(queue) ? 'has a name with ":" or "~", which separate the parts of a key' : undefined;
}

/**
 * The lane of a key: its 32-bit FNV-1a hash over UTF-8, modulo the number of lanes. Every process, of every release, must
 * agree on it.
 *
 * @see http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function laneOf(key: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % lanes;
}
