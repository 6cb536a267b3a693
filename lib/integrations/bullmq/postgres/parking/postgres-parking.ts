import type { ParkedSpotOfJob, StoreParking } from '../../store.js';
import type { Database } from '../database.js';
import { storableJson } from '../stored-jobs.js';

/** $1 queue, $2 how many, $3 a time and $4 an id to go on behind, or null. Ids by their bytes, as on Redis. */
const FAILED = `SELECT id, finished_at_ms AS at FROM job
WHERE queue = $1 AND state = 'failed' AND ($3::bigint IS NULL OR (finished_at_ms, id COLLATE "C") < ($3, $4 COLLATE "C"))
ORDER BY finished_at_ms DESC, id COLLATE "C" DESC LIMIT $2`;

/** The same of what waits. */
const WAITING = `SELECT id, added_at_ms AS at FROM job
WHERE queue = $1 AND state = 'waiting' AND ($3::bigint IS NULL OR (added_at_ms, id COLLATE "C") < ($3, $4 COLLATE "C"))
ORDER BY added_at_ms DESC, id COLLATE "C" DESC LIMIT $2`;

/** $1 queue, $2 job, $3 state. */
const REMOVE = 'DELETE FROM job WHERE queue = $1 AND id = $2 AND state = $3::job_state RETURNING id';

/** $1 queue, $2 job, $3 data. */
const UPDATE_FAILED = `UPDATE job SET data = $3::jsonb WHERE queue = $1 AND id = $2 AND state = 'failed' RETURNING id`;

/** $1 queue, $2 job, $3 data, $4 new data. */
const SWAP_DATA = `UPDATE job SET data = $4::jsonb WHERE queue = $1 AND id = $2 AND data = $3::jsonb RETURNING id`;

/** $1 queue, $2 job, $3 data. */
const REMOVE_DATA = `DELETE FROM job WHERE queue = $1 AND id = $2 AND data = $3::jsonb AND state = 'waiting' RETURNING id`;

/** Jobs that are parked in Postgres. */
export class PostgresParking implements StoreParking {
  constructor(private readonly database: Pick<Database, 'query'>) {}

  async list(
    place: string,
    state: 'failed' | 'waiting',
    limit: number,
    after: ParkedSpotOfJob | undefined,
  ): Promise<readonly ParkedSpotOfJob[]> {
    const values = [place, limit, after?.parkedAtMs ?? null, after?.id ?? null];
    const rows = await this.database.query<{ id: string; at: string }>(state === 'failed' ? FAILED : WAITING, values);
    return rows.map(({ id, at }) => ({ id, parkedAtMs: Number(at) }));
  }

  async remove(place: string, state: 'failed' | 'waiting', jobId: string): Promise<boolean> {
    return (await this.database.query(REMOVE, [place, jobId, state])).length > 0;
  }

  async swap(place: string, jobId: string, from: string, to: string | undefined): Promise<boolean> {
    const known = [place, jobId, storableJson(from)];
    const changed =
      to === undefined
        ? await this.database.query(REMOVE_DATA, known)
        : await this.database.query(SWAP_DATA, [...known, storableJson(to)]);
    return changed.length > 0;
  }

  async updateFailed(place: string, jobId: string, data: string): Promise<boolean> {
    return (await this.database.query(UPDATE_FAILED, [place, jobId, storableJson(data)])).length > 0;
  }
}
