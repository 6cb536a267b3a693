import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Programs } from '../../processes/programs.js';
import { freshSchema, SHARED } from '../postgres/fresh-schema.js';

/** In a process of its own: the library is CommonJS, from which the test runner cannot reach Nest, which is ESM. */
describe('transactions of @nestjs-cls/transactional with Knex on Postgres', () => {
  let programs: Programs | undefined;

  beforeAll(async () => {
    programs = await Programs.compile(path.join(import.meta.dirname, 'program'));
  });
  afterAll(() => programs?.remove());

  it('are those of transactional handlers, of the inbox, and of stores; those begun elsewhere are seen', async () => {
    const { schema, pool } = freshSchema();
    await pool.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".notes (text text)`);
    const args = ['--disable-warning=ExperimentalWarning', programs?.pathOf('main') ?? '', SHARED, schema];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual({
      rolledBack: 'no',
      committed: { rows: [{ transaction_isolation: 'serializable' }], told: 0 },
      toldAfterwards: 1,
      inbox: ['taken', 'a duplicate'],
      statement: [{ a: 1, b: 'x?', c: 'x?', d: true, e: ['y', 'z'], f: '0001', g: null }],
      outside: true,
      foreignRolledBack: 'no',
      foreignCommitted: 'taken',
      foreignHook: { isForeign: true, hook: 'DISPATCH_FOREIGN_TRANSACTION_END', told: 1 },
      texts: ['foreign', 'inner', 'once', 'outer'],
    });
  });
});
