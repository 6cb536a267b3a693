import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import pg from 'pg';

import { runCommandLine } from '../../../lib/cli/command-line.js';
import { migrateCommand } from '../../../lib/cli/migrate/command.js';
import { GivenFlags } from '../../../lib/cli/input/flags.js';
import { RecordedTerminal } from '../../unit/cli/recorded-terminal.js';

const url = process.env['TEST_POSTGRES_URL'] ?? '';
const signal = new AbortController().signal;

async function migrate(...args: string[]) {
  const terminal = new RecordedTerminal();
  const start = () => Promise.reject(new Error('no application is needed'));
  const exitCode = await runCommandLine(['migrate', ...args], { terminal, signal, start });
  return { exitCode, terminal };
}

async function tablesIn(schema: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM pg_tables WHERE schemaname = $1', [
    schema,
  ]);
  await client.end();
  return Number(rows[0]?.count);
}

function freshSchema(): string {
  return `migrate_${randomUUID().replaceAll('-', '')}`;
}

describe('nestjs-dispatch migrate', () => {
  it('says what it would do, does it, and then has nothing to do', async () => {
    const schema = freshSchema();
    const at = ['--url', url, '--schema', schema];
    const dry = await migrate(...at, '--dry-run');
    expect(dry).toMatchObject({ exitCode: 0, terminal: { notes: [] } });
    expect(dry.terminal.output).toMatch(/idempotency +none +1 +to be made/);
    expect(await tablesIn(schema)).toBe(0);

    const done = await migrate(...at);
    expect(done.exitCode).toBe(0);
    expect(done.terminal.results).toContain('idempotency: 1');
    expect(await tablesIn(schema)).toBeGreaterThan(3);

    expect((await migrate(...at)).terminal.results).toEqual(['Everything is up to date.']);
  });

  it('makes only what is asked for, and tells it as JSON', async () => {
    const schema = freshSchema();
    const only = ['--url', url, '--schema', schema, '--feature', 'sequence', '--json'];
    const { exitCode, terminal } = await migrate(...only);
    expect({ exitCode, told: JSON.parse(terminal.output) as unknown }).toEqual({
      exitCode: 0,
      told: { isDryRun: false, features: [{ feature: 'sequence', found: 0, needed: 1 }] },
    });
    const { terminal: dry } = await migrate('--url', url, '--schema', schema, '--dry-run', '--json');
    expect(JSON.parse(dry.output)).toMatchObject({
      isDryRun: true,
      features: expect.arrayContaining([
        { feature: 'sequence', found: 1, needed: 1 },
        { feature: 'idempotency', found: 0, needed: 1 },
      ]) as unknown,
    });
  });

  it('may run several times at once', async () => {
    const at = ['--url', url, '--schema', freshSchema()];
    const all = await Promise.all(Array.from({ length: 4 }, () => migrate(...at)));
    expect(all.filter(({ exitCode, terminal }) => exitCode !== 0 || terminal.told !== '')).toEqual([]);
  });

  it('prints statements that make the same, and connects to nothing', async () => {
    const schema = freshSchema();
    const { terminal } = await migrate('--url', 'postgres://127.0.0.1:1/nowhere', '--schema', schema, '--sql');
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(terminal.output);
    await client.end();
    expect((await migrate('--url', url, '--schema', schema)).terminal.results).toEqual(['Everything is up to date.']);
  });

  it.each([
    ['a name that is none', ['--schema', 'a"; DROP TABLE x'], 2, 'not a name of letters'],
    ['an unknown feature', ['--feature', 'sagas'], 2, 'features that are not a list of'],
    ['an url that is none', ['--url', 'redis://127.0.0.1'], 2, 'does not begin with postgres://'],
    ['a flag of other commands', ['--app', 'dist/app.module.js'], 2, 'There is no flag --app here'],
    ['a word too many', ['up'], 2, '"up" is one word too many.'],
    ['a server that is not there', ['--url', 'postgres://127.0.0.1:1/x'], 1, 'did not answer within'],
    ['a user without rights', ['--url', url.replace('postgres@', 'nobody@')], 1, 'role "nobody" does not exist'],
  ])('tells what is wrong with %s', async (_what, args, code, text) => {
    const { exitCode, terminal } = await migrate(...args);
    expect({ exitCode, results: terminal.results }).toEqual({ exitCode: code, results: [] });
    expect(terminal.told).toContain(text);
  });

  it('is explained without an application', async () => {
    const { exitCode, terminal } = await migrate('--help');
    expect(exitCode).toBe(0);
    expect(terminal.output).toContain('npx nestjs-dispatch migrate [flags]');
    expect(terminal.output).not.toContain('--app');
  });

  it.each([
    ['is not there', () => Promise.resolve(undefined)],
    ['does not load', () => Promise.reject(new Error("Cannot find package 'pg'"))],
  ])('says what to install where the part on Postgres %s (DISPATCH_MIGRATIONS_UNAVAILABLE)', async (_how, load) => {
    const terminal = new RecordedTerminal();
    const run = migrateCommand(load).prepare(new GivenFlags(new Map()), [], terminal);
    await expect(run({ terminal, signal })).rejects.toMatchObject({
      code: 'DISPATCH_MIGRATIONS_UNAVAILABLE',
      message: expect.stringContaining('npm install pg') as unknown,
    });
  });
});
