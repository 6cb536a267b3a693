import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Client } from 'pg';

import { startPostgres } from '../services/postgres.js';
import { startRedis } from '../services/redis.js';
import { startServices } from '../services/services.js';

const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** Registers what a test leaves behind, and gives it back. */
function used<T extends { stop(): Promise<void> }>(server: T): T {
  cleanUps.push(() => server.stop());
  return server;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'services-spec-'));
  chmodSync(folder, 0o755);
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function redisAt<T>(url: string | undefined, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url ?? '', { lazyConnect: true });
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function postgresAt<T>(url: string | undefined, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query(sql);
    return rows as T[];
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process whose parent has not taken note of its end yet is a zombie, and ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' && process.platform !== 'linux';
  }
}

async function eventually(isTrue: () => boolean): Promise<boolean> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(20)) if (isTrue()) return true;
  return isTrue();
}

describe('the services of the run', () => {
  it('has a Redis that answers at TEST_REDIS_URL', async () => {
    expect(await redisAt(process.env['TEST_REDIS_URL'], (redis) => redis.ping())).toBe('PONG');
  });

  it('has a Postgres that answers at TEST_POSTGRES_URL', async () => {
    expect(await postgresAt(process.env['TEST_POSTGRES_URL'], 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('startRedis', () => {
  it('keeps what was written over SIGKILL and restart where it is append-only, at the same address', async () => {
    const server = used(await startRedis({ appendonly: true }));
    const { url, pid } = server;
    await redisAt(url, (redis) => redis.set('a', '1'));
    await server.kill('SIGKILL');
    await expect(redisAt(url, (redis) => redis.ping())).rejects.toThrow('closed');

    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server.url).toBe(url);
    expect(await redisAt(url, (redis) => redis.get('a'))).toBe('1');

    await server.restart();
    expect(await redisAt(url, (redis) => redis.get('a'))).toBe('1');
  });

  it('stores nothing unless it is append-only', async () => {
    const server = used(await startRedis());
    await redisAt(server.url, (redis) => redis.set('a', '1'));
    await server.restart();
    expect(await redisAt(server.url, (redis) => redis.get('a'))).toBeNull();
  });

  it('leaves no process when it is stopped while SIGSTOP holds it, and a folder that was given stays', async () => {
    const folder = temporaryFolder();
    const server = used(await startRedis({ folder, appendonly: true, args: ['--maxmemory', '50mb'] }));
    const { pid } = server;
    expect(await redisAt(server.url, (redis) => redis.config('GET', 'maxmemory'))).toEqual(['maxmemory', '52428800']);
    await server.kill('SIGSTOP');
    await server.stop();
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    expect(readdirSync(folder)).toContain('appendonlydir');
    await expect(server.restart()).rejects.toThrow('Redis was stopped for good');
  });

  it('says what Redis said when it does not start', async () => {
    await expect(startRedis({ args: ['--no-such-setting', 'x'] })).rejects.toThrow(
      /before it was ready.*no-such-setting/s,
    );
  });
});

describe('startPostgres', () => {
  it('keeps what was written over SIGKILL and restart where it is durable, at the same address', async () => {
    const server = used(await startPostgres({ durable: true }));
    const { url, pid } = server;
    await postgresAt(url, 'create table kept as select 1 as one');
    await server.kill('SIGKILL');
    await expect(postgresAt(url, 'select 1')).rejects.toThrow('ECONNREFUSED');

    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(await postgresAt(url, 'select * from kept')).toEqual([{ one: 1 }]);
    expect(await postgresAt(url, 'show fsync')).toEqual([{ fsync: 'on' }]);
  });

  it('uses the database of a folder that is given, and is quick rather than safe unless it is asked for', async () => {
    const folder = temporaryFolder();
    const first = used(await startPostgres({ folder }));
    await postgresAt(first.url, 'create table kept as select 1 as one');
    await first.stop();
    const second = used(await startPostgres({ folder, settings: { max_connections: 17 } }));
    expect(await postgresAt(second.url, 'select * from kept')).toEqual([{ one: 1 }]);
    expect(await postgresAt(second.url, 'show fsync')).toEqual([{ fsync: 'off' }]);
    expect(await postgresAt(second.url, 'show max_connections')).toEqual([{ max_connections: '17' }]);
  });

  it('says what Postgres said when it does not start', async () => {
    await expect(startPostgres({ settings: { no_such_setting: 1 } })).rejects.toThrow(
      /before it was ready.*no_such_setting/s,
    );
  });
});

describe('startServices', () => {
  it('leaves a server alone that an environment variable gives', async () => {
    const redis = used(await startRedis());
    const postgres = process.env['TEST_POSTGRES_URL'];
    const services = await startServices({ REDIS_URL: redis.url, POSTGRES_URL: postgres });
    expect(services).toMatchObject({ redisUrl: redis.url, postgresUrl: postgres });
    await services.stop();
    expect(await redisAt(redis.url, (connection) => connection.ping())).toBe('PONG');
  });

  it('names each variable whose server does not answer, and no password', async () => {
    const given = { REDIS_URL: 'redis://:secret@127.0.0.1:1', POSTGRES_URL: 'postgres://me:secret@localhost:1/x' };
    const error: unknown = await startServices(given).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/REDIS_URL names \(127.0.0.1:1\).*ECONNREFUSED.*unset REDIS_URL/);
    expect(String(error)).toMatch(/POSTGRES_URL names \(localhost:1\).*ECONNREFUSED.*unset POSTGRES_URL/);
    expect(String(error)).not.toContain('secret');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'is gone, folders too, after %s to its process',
    async (signal) => {
      const TMPDIR = temporaryFolder();
      const program =
        "require('./test/services/start.cjs')().then(() => console.log('started')); setInterval(() => {}, 1e6)";
      const env = { ...process.env, TMPDIR, REDIS_URL: '', POSTGRES_URL: '' };
      const owner = spawn(process.execPath, ['-e', program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      cleanUps.push(() => owner.kill('SIGKILL'));
      expect(String(await once(owner.stdout, 'data'))).toContain('started');
      const postgres = readdirSync(TMPDIR).find((name) => name.includes('postgres')) ?? '';
      const pid = Number.parseInt(readFileSync(path.join(TMPDIR, postgres, 'data/postmaster.pid'), 'utf8'), 10);
      expect(isAlive(pid)).toBe(true);

      owner.kill(signal);
      expect(await eventually(() => readdirSync(TMPDIR).length === 0)).toBe(true);
      expect(isAlive(pid)).toBe(false);
    },
  );
});
