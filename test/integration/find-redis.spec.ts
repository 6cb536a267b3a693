import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { findRedis } from '../services/find-redis.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'find-redis-spec-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function addProgram(name: string, mode = 0o755): string {
  const file = path.join(folder, name);
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, mode);
  return file;
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('nothing may be run here'));
}

describe('findRedis', () => {
  it('takes redis-server from the PATH', async () => {
    addProgram('valkey-server');
    const redis = addProgram('redis-server');
    expect(await findRedis({ path: `/no/such/folder:${folder}`, run: refuse })).toBe(redis);
  });

  it('takes valkey-server where there is no redis-server', async () => {
    const valkey = addProgram('valkey-server');
    addProgram('redis-server', 0o644);
    expect(await findRedis({ path: folder, run: refuse })).toBe(valkey);
  });

  it('says what to do on an empty PATH, without root', async () => {
    await expect(findRedis({ path: '', isRoot: false, run: refuse })).rejects.toThrow(
      /^Found no Redis: .*does not run as root.*apt-get install redis-server.*set REDIS_URL/,
    );
  });

  it('says what to do as root where there is no apt-get', async () => {
    await expect(findRedis({ path: folder, isRoot: true, run: refuse })).rejects.toThrow(
      /there is no apt-get.*set REDIS_URL/,
    );
  });

  it('installs it as root with apt-get, under a lock, and takes what is there then', async () => {
    const apt = addProgram('apt-get');
    const commands: string[] = [];
    const run = async (command: string, args: readonly string[]): Promise<void> => {
      commands.push([command, ...args].join(' '));
      addProgram('redis-server');
    };
    expect(await findRedis({ path: folder, isRoot: true, run })).toBe(path.join(folder, 'redis-server'));
    expect(commands).toHaveLength(1);
    expect(commands[0]).toMatch(
      /^flock \/var\/lib\/apt sh -c .* update && .* install -y --no-install-recommends redis-server/,
    );
    expect(commands[0]?.endsWith(apt)).toBe(true);
  });

  it('says what apt-get said when it fails, and what to do', async () => {
    addProgram('apt-get');
    const run = (): Promise<never> => Promise.reject(new Error('E: Unable to locate package redis-server'));
    await expect(findRedis({ path: folder, isRoot: true, run })).rejects.toThrow(
      /Unable to locate package.*set REDIS_URL/s,
    );
  });

  it('says so when the package brings no server', async () => {
    addProgram('apt-get');
    await expect(findRedis({ path: folder, isRoot: true, run: () => Promise.resolve() })).rejects.toThrow(
      /brought none/,
    );
  });
});
