import { Redis } from 'ioredis';
import { Pool } from 'pg';

import type { StoreAddress } from '../processes/stores.js';

/** Keeps what handlers did, in the store under test, in the order they did it. */
export interface Effects {
  /** Has an effect each time it is called. */
  add(messageId: string): Promise<void>;
  /** Has the effect, and marks the key, in one step; does nothing where the key is marked. */
  addOnce(messageId: string, idempotencyKey: string): Promise<void>;
  /** The messages whose handlers had an effect, once for each effect. */
  read(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Connects to the effects of a run, and makes a place for them where there is none. */
export async function openEffects(store: StoreAddress): Promise<Effects> {
  return store.kind === 'redis' ? new RedisEffects(store) : PostgresEffects.open(store);
}

const ADD_ONCE = `
if redis.call('SADD', KEYS[1], ARGV[1]) == 1 then redis.call('RPUSH', KEYS[2], ARGV[2]) end`;

class RedisEffects implements Effects {
  private readonly redis: Redis;
  private readonly marks: string;
  private readonly list: string;

  constructor({ url, scope }: StoreAddress) {
    this.redis = new Redis(url, { commandTimeout: 5000 });
    // Whoever gives a command is told.
    this.redis.on('error', () => undefined);
    this.marks = `${scope}:effects:marks`;
    this.list = `${scope}:effects:list`;
  }

  async add(messageId: string): Promise<void> {
    await this.redis.rpush(this.list, messageId);
  }

  async addOnce(messageId: string, idempotencyKey: string): Promise<void> {
    await this.redis.eval(ADD_ONCE, 2, this.marks, this.list, idempotencyKey, messageId);
  }

  read(): Promise<readonly string[]> {
    return this.redis.lrange(this.list, 0, -1);
  }

  async close(): Promise<void> {
    await this.redis.quit();
  }
}

class PostgresEffects implements Effects {
  private constructor(
    private readonly pool: Pool,
    private readonly schema: string,
  ) {}

  static async open({ url, scope }: StoreAddress): Promise<PostgresEffects> {
    const pool = new Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 5000 });
    pool.on('error', () => undefined);
    const schema = `${scope}_effects`;
    await pool.query(`
      create schema if not exists ${schema};
      create table if not exists ${schema}.marks (key text primary key);
      create table if not exists ${schema}.effects (place bigserial primary key, message_id text not null)`);
    return new PostgresEffects(pool, schema);
  }

  async add(messageId: string): Promise<void> {
    await this.pool.query(`insert into ${this.schema}.effects (message_id) values ($1)`, [messageId]);
  }

  async addOnce(messageId: string, idempotencyKey: string): Promise<void> {
    const { schema } = this;
    // One statement, and so one transaction: the effect and its mark, or neither.
    await this.pool.query(
      `with mark as (insert into ${schema}.marks (key) values ($1) on conflict do nothing returning key)
       insert into ${schema}.effects (message_id) select $2 from mark`,
      [idempotencyKey, messageId],
    );
  }

  async read(): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ message_id: string }>(
      `select message_id from ${this.schema}.effects order by place`,
    );
    return rows.map((row) => row.message_id);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
