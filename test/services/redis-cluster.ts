import { setTimeout as delay } from 'node:timers/promises';

import { Redis } from 'ioredis';

import { startRedis, type RedisServer } from './redis.js';

const NODE_COUNT = 3;
const SLOT_COUNT = 16_384;
/** How long the nodes may take to agree; a master waits two seconds by itself before it serves. */
const JOIN_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/** A Redis Cluster that this process started. */
export interface RedisCluster {
  /** Where its nodes are, as `new Cluster()` takes them. */
  readonly nodes: { host: string; port: number }[];
  /** Ends the nodes for good and removes their temporary folders. */
  stop(): Promise<void>;
}

/** Starts a cluster of three masters on 127.0.0.1; resolves when each of them serves. @throws Error when they do not */
export async function startRedisCluster(): Promise<RedisCluster> {
  const args = ['--cluster-enabled', 'yes'];
  const started = await Promise.allSettled(Array.from({ length: NODE_COUNT }, () => startRedis({ args })));
  const servers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    await join(servers);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes: servers.map(({ port }) => ({ host: '127.0.0.1', port })), stop };
}

/** Makes one cluster of servers that know nothing of each other: `redis-cli` need not be there, nor be of their release. */
async function join(servers: readonly RedisServer[]): Promise<void> {
  const nodes = servers.map(({ url }) => new Redis(url));
  try {
    const [first] = nodes;
    for (const [index, node] of nodes.entries()) await node.cluster('ADDSLOTS', ...slotsOf(index));
    for (const { port } of servers.slice(1)) await first?.cluster('MEET', '127.0.0.1', port);
    const deadline = Date.now() + JOIN_TIMEOUT_MS;
    for (const node of nodes) await serves(node, deadline);
  } finally {
    for (const node of nodes) node.disconnect();
  }
}

function slotsOf(index: number): number[] {
  const [from, to] = [index, index + 1].map((part) => Math.floor((part * SLOT_COUNT) / NODE_COUNT)) as [number, number];
  return Array.from({ length: to - from }, (_, offset) => from + offset);
}

/** A node says `ok` when it knows the owner of every slot. */
async function serves(node: Redis, deadline: number): Promise<void> {
  for (;;) {
    const info = await node.cluster('INFO');
    if (info.includes('cluster_state:ok')) return;
    if (Date.now() > deadline) throw new Error(`The nodes did not become a cluster in ${JOIN_TIMEOUT_MS} ms: ${info}`);
    await delay(POLL_MS);
  }
}
