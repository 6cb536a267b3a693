import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from 'ioredis';
import { redisIdempotency } from 'nestjs-dispatch/redis';

import { idempotencyStoreContract } from '../../../lib/testing/index.js';
import { startRedisCluster, type RedisCluster } from '../../services/redis-cluster.js';

let servers: RedisCluster;
let connection: Cluster;

beforeAll(async () => {
  servers = await startRedisCluster();
  connection = new Cluster(servers.nodes);
});

afterAll(async () => {
  await connection.quit();
  await servers.stop();
});

describe('contract of the idempotency store on a Redis Cluster', () => {
  it.each(idempotencyStoreContract({ store: () => redisIdempotency({ connection }) }))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
