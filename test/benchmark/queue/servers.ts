import { Redis } from 'ioredis';
import { Pool } from 'pg';

import { startServices } from '../../services/services.js';
import type { QueueBackendName } from './side.js';

/** Where the servers are, for the processes that measure: they are told by their environment. */
const REDIS_VARIABLE = 'BENCHMARK_REDIS_URL';
const POSTGRES_VARIABLE = 'BENCHMARK_POSTGRES_URL';

/** One backend, and the part of it that one side has to itself. */
export interface ServerSpace {
  readonly url: string;
  /** The prefix of all keys, or the schema of all tables. */
  readonly space: string;
  /** Removes all that rounds have left, so that no round meets the messages of another. */
  clean(): Promise<void>;
}

/** Runs something while the servers run that it needs. */
export async function withServers(backends: readonly QueueBackendName[], run: () => Promise<void>): Promise<void> {
  if (backends.every((backend) => backend === 'memory')) return run();
  const { redisUrl, postgresUrl, stop } = await startServices();
  process.env[REDIS_VARIABLE] = redisUrl;
  process.env[POSTGRES_VARIABLE] = postgresUrl;
  try {
    await run();
  } finally {
    await stop();
  }
}

/** The space of a side on a server. */
export function serverSpace(backend: Exclude<QueueBackendName, 'memory'>, side: string): ServerSpace {
  const space = `dispatch_benchmark_${side}`;
  return backend === 'redis'
    ? redisSpace(urlIn(REDIS_VARIABLE), space)
    : postgresSpace(urlIn(POSTGRES_VARIABLE), space);
}

function urlIn(variable: string): string {
  const url = process.env[variable];
  if (url === undefined) throw new Error(`${variable} is not set`);
  return url;
}

function redisSpace(url: string, space: string): ServerSpace {
  const redis = new Redis(url);
  return {
    url,
    space,
    async clean() {
      for await (const keys of redis.scanStream({ match: `${space}:*`, count: 1000 })) {
        if (keys.length > 0) await redis.unlink(keys);
      }
    },
  };
}

function postgresSpace(url: string, space: string): ServerSpace {
  const pool = new Pool({ connectionString: url, max: 1 });
  return {
    url,
    space,
    async clean() {
      // What migrations have noted of themselves stays.
      const { rows } = await pool.query<{ name: string }>(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1 AND tablename !~ 'migration|schema'`,
        [space],
      );
      if (rows.length > 0) await pool.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')}`);
    },
  };
}
