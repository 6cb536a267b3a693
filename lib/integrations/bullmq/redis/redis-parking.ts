import type { ParkedSpotOfJob, StoreParking } from '../store.js';
import type { RedisConnections } from './redis-connections.js';
import { REMOVE_PARKED, SWAP_DATA, UPDATE_FAILED, WAITING } from './redis-scripts.js';

/** Jobs that are parked in Redis. */
export class RedisParking implements StoreParking {
  constructor(
    private readonly connections: Pick<RedisConnections, 'shared'>,
    private readonly prefix: string,
  ) {}

  list(
    place: string,
    state: 'failed' | 'waiting',
    limit: number,
    after: ParkedSpotOfJob | undefined,
  ): Promise<readonly ParkedSpotOfJob[]> {
    return state === 'failed' ? this.failed(place, limit, after) : this.waiting(place, limit, after);
  }

  async remove(place: string, state: 'failed' | 'waiting', jobId: string): Promise<boolean> {
    return (await this.connections.shared.eval(REMOVE_PARKED, 1, this.keyOf(place), jobId, state)) === 1;
  }

  async updateFailed(place: string, jobId: string, data: string): Promise<boolean> {
    return (await this.connections.shared.eval(UPDATE_FAILED, 1, this.keyOf(place), jobId, data)) === 1;
  }

  async swap(place: string, jobId: string, from: string, to = ''): Promise<boolean> {
    return (await this.connections.shared.eval(SWAP_DATA, 1, this.keyOf(place), jobId, from, to)) === 1;
  }

  /** By their scores, which are when they failed; of equal ones Redis gives the greater id first. */
  private async failed(place: string, limit: number, after: ParkedSpotOfJob | undefined): Promise<ParkedSpotOfJob[]> {
    const found: ParkedSpotOfJob[] = [];
    const max = after?.parkedAtMs ?? '+inf';
    for (let offset = 0; found.length < limit; offset += limit) {
      const answer = await this.connections.shared.zrevrangebyscore(
        `${this.keyOf(place)}failed`,
        max,
        '-inf',
        'WITHSCORES',
        'LIMIT',
        offset,
        limit,
      );
      found.push(...spotsOf(answer).filter((spot) => isBehind(spot, after)));
      if (answer.length < limit * 2) break;
    }
    return found.slice(0, limit);
  }

  /** A list knows no times, so they are read of all it holds. */
  private async waiting(place: string, limit: number, after: ParkedSpotOfJob | undefined): Promise<ParkedSpotOfJob[]> {
    // The script answers in this form.
    const answer = (await this.connections.shared.eval(WAITING, 1, this.keyOf(place))) as string[];
    const spots = spotsOf(answer).filter((spot) => isBehind(spot, after));
    return spots.toSorted((one, other) => (isBehind(one, other) ? 1 : -1)).slice(0, limit);
  }

  private keyOf(place: string): string {
    return `${this.prefix}:${place}:`;
  }
}

/** Pairs of an id and a time. */
function spotsOf(answer: readonly string[]): ParkedSpotOfJob[] {
  const spots: ParkedSpotOfJob[] = [];
  for (let index = 0; index < answer.length; index += 2) {
    spots.push({ id: answer[index] ?? '', parkedAtMs: Number(answer[index + 1]) });
  }
  return spots;
}

function isBehind({ parkedAtMs, id }: ParkedSpotOfJob, spot: ParkedSpotOfJob | undefined): boolean {
  if (spot === undefined) return true;
  return parkedAtMs === spot.parkedAtMs ? id < spot.id : parkedAtMs < spot.parkedAtMs;
}
