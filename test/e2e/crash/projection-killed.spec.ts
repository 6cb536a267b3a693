import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';

import { freshSchema, SHARED } from '../../integration/postgres/fresh-schema.js';
import { Programs, type ProgramProcess } from '../../processes/programs.js';
import { until } from '../../processes/until.js';
import type { ProjectorConfig } from './projecting/projector.js';

const COUNT = 400;
let programs: Programs | undefined;
const running: ProgramProcess[] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'projecting-'));

beforeAll(async () => {
  programs = await Programs.compile(path.join(import.meta.dirname, 'projecting'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.endBy('SIGKILL')));
});

afterAll(async () => {
  await programs?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function startProjector(name: string, schema: string): ProgramProcess {
  const config: ProjectorConfig = { name, folder, url: SHARED, schema, count: COUNT };
  const started = programs?.start('projector', config);
  if (started === undefined) throw new Error('The programs are compiled before the first test.');
  running.push(started);
  return started;
}

async function numbers(pool: pg.Pool, schema: string): Promise<number[]> {
  const query = pool.query<{ number: number }>(`SELECT number FROM "${schema}".rows_blue`);
  // Until the first of them has made it there is no table.
  const { rows } = await query.catch(() => ({ rows: [] }));
  return rows.map(({ number }) => number);
}

describe.each(['SIGKILL', 'SIGSTOP'] as const)('a projection whose processes get %s in the middle of it', (signal) => {
  it('is gone on with by another one, and has each event once, in order', async () => {
    const { schema, pool } = freshSchema();
    const processes = [startProjector(`one-${signal}`, schema), startProjector(`two-${signal}`, schema)];
    const passed = (count: number) => async () => (await numbers(pool, schema)).length >= count;
    for (const [index, count] of [60, 160, 260].entries()) {
      await until(`${count} events are written`, passed(count), 30_000);
      if (signal === 'SIGKILL') await processes[index]?.endBy(signal);
      else processes[index]?.signal(signal);
      processes.push(startProjector(`next-${signal}-${index}`, schema));
    }
    await until('all events are written', passed(COUNT), 30_000);
    expect(await numbers(pool, schema)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
    expect(processes.slice(3).map((each) => each.hasCrashed)).toEqual([false, false]);
  });
});
