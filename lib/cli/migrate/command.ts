import type { StandaloneCommand } from '../command.js';
import { MigrationsUnavailableError } from '../errors.js';
import type { Flags } from '../input/flags.js';
import { extraOperands } from '../input/operands.js';
import { printJson } from '../text/results.js';
import { tableLines, type Column } from '../text/text-table.js';

/** The tables of one feature, as the integration tells of them. */
interface TablesState {
  readonly feature: string;
  readonly found: number;
  readonly needed: number;
}

interface Asked {
  readonly connection?: string;
  readonly schema?: string;
  readonly features?: readonly string[];
}

/** What is used of `nestjs-dispatch/postgres`. The core imports no integration, so it is asked for when it is needed. */
interface PostgresTables {
  migratePostgres(options: Asked): Promise<void>;
  postgresMigrationSql(options: Asked): string;
  postgresTablesState(options: Asked): Promise<readonly TablesState[]>;
}

const COLUMNS: readonly Column<TablesState>[] = [
  { title: 'FEATURE', of: ({ feature }) => feature },
  { title: 'FOUND', of: ({ found }) => (found === 0 ? 'none' : String(found)) },
  { title: 'NEEDED', of: ({ needed }) => String(needed) },
  { title: 'WHAT TO DO', of: ({ found, needed }) => (found < needed ? 'to be made' : 'nothing') },
];

const FLAGS: Flags = {
  url: { value: '<url>', help: 'postgres://user@host/database; where left out, what PGHOST and the like say' },
  schema: { value: '<name>', help: 'where the tables are; dispatch where left out' },
  feature: { value: '<name>', isList: true, help: 'only the tables of this; may be given several times' },
  'dry-run': { help: 'tells what would be done, and changes nothing' },
  sql: { help: 'prints the statements, for psql --set ON_ERROR_STOP=1, and connects to nothing' },
};

/**
 * Makes the tables of the stores on Postgres. Those who run it at once wait for each other.
 *
 * @param load imports `nestjs-dispatch/postgres`; undefined where that is not there
 */
export const migrateCommand = (load: () => Promise<object | undefined>): StandaloneCommand => ({
  isStandalone: true,
  name: 'migrate',
  summary: 'makes the tables of the stores on Postgres, or brings them up to date; idempotent',
  operands: '',
  flags: FLAGS,
  prepare(flags, operands) {
    extraOperands(operands, 0, flags);
    const [connection, schema, features] = [flags.text('url'), flags.text('schema'), flags.list('feature')];
    const where = { ...(schema !== undefined && { schema }), ...(features.length > 0 && { features }) };
    const asked = { ...where, ...(connection !== undefined && { connection }) };
    return async ({ terminal }) => {
      const tables = await postgresTables(load);
      if (flags.has('sql')) {
        terminal.result(tables.postgresMigrationSql(where));
        return 0;
      }
      const states = await tables.postgresTablesState(asked);
      const isDryRun = flags.has('dry-run');
      const open = states.filter(({ found, needed }) => found < needed);
      if (!isDryRun && open.length > 0) await tables.migratePostgres(asked);
      if (flags.has('json')) printJson(terminal, { isDryRun, features: states });
      else for (const line of report(states, isDryRun, terminal.columns)) terminal.result(line);
      return 0;
    };
  },
});

function report(states: readonly TablesState[], isDryRun: boolean, columns: number): readonly string[] {
  const open = states.filter(({ found, needed }) => found < needed);
  if (isDryRun) return tableLines(states, COLUMNS, columns);
  if (open.length === 0) return ['Everything is up to date.'];
  return open.map(({ feature, found, needed }) => `${feature}: ${found === 0 ? '' : `${found} -> `}${needed}`);
}

async function postgresTables(load: () => Promise<object | undefined>): Promise<PostgresTables> {
  try {
    const found = await load();
    // Built together with this file; what it exports is checked by the specs of both.
    if (found !== undefined) return found as PostgresTables;
  } catch (cause) {
    throw new MigrationsUnavailableError({ cause });
  }
  throw new MigrationsUnavailableError();
}
