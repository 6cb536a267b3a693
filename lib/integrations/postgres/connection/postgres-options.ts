import { InvalidPostgresOptionsError } from '../errors.js';

/** A pool of connections of `pg`. It stays open when the application closes. */
export interface PostgresPool {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
}

/** How to connect, as `pg` takes it; options it has beside these are passed on. */
export interface PostgresConnectionOptions {
  /** Such as `postgres://user:password@host:5432/database`. */
  readonly connectionString?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string | (() => string | Promise<string>);
  readonly database?: string;
  readonly ssl?: boolean | object;
  readonly [option: string]: unknown;
}

/** Which schema of which Postgres. */
export interface PostgresAccessOptions {
  /**
   * The Postgres server, from release 13: its address, how to connect, or a pool of `pg`, which stays yours. Several stores
   * share connections only where they are given the same pool. Default: what the environment variables of `pg` say
   * (`PGHOST` and so on).
   */
  readonly connection?: string | PostgresConnectionOptions | PostgresPool;
  /** Where the tables are; every statement names it, whatever a connection's search path. Letters, digits and `_`, at most 63. Default `dispatch`. */
  readonly schema?: string;
}

/** Options of every store on Postgres. */
export interface PostgresStoreOptions extends PostgresAccessOptions {
  /**
   * Whether the tables of the store are made, or brought up to date, when the application starts. Needs the right to create
   * them where something is to be done; several processes that start at once wait for each other. Where false, tables that
   * are missing or old stop the start: see `migratePostgres()` and `postgresMigrationSql()`. Default false.
   */
  readonly migrate?: boolean;
  /**
   * Where the server does not answer when the application starts: `fail` stops the start after `commandTimeoutMs`; `wait`
   * starts, and the tables are looked at when the store is first needed. Default `fail`.
   */
  readonly atBoot?: 'fail' | 'wait';
  /** How many connections the store opens at most, from 1. Without meaning beside a pool. Default 4. */
  readonly maxConnections?: number;
  /**
   * How long the server may take to answer, in milliseconds from 1, counted from the call; until then a statement that met a
   * server that restarts is tried again. Default 5000.
   */
  readonly commandTimeoutMs?: number;
}

/** The same, complete. */
export interface ResolvedPostgresOptions {
  readonly connection: PostgresConnectionOptions | PostgresPool;
  readonly schema: string;
  readonly migrate: boolean;
  readonly atBoot: 'fail' | 'wait';
  readonly maxConnections: number;
  readonly commandTimeoutMs: number;
}

const KNOWN: Record<keyof PostgresStoreOptions, true> = {
  connection: true,
  schema: true,
  migrate: true,
  atBoot: true,
  maxConnections: true,
  commandTimeoutMs: true,
};
const SCHEMA_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
/** The longest time limit, in milliseconds: timers keep no longer one. */
export const MAX_TIMEOUT_MS = 2_147_483_647;

/**
 * Fills the options in.
 *
 * @param own names of options that the subject has beside these, and checks itself
 * @throws DISPATCH_INVALID_POSTGRES_OPTIONS listing everything that is wrong
 */
export function resolvePostgresOptions(
  subject: string,
  options: PostgresStoreOptions,
  { own = [], problems = [] }: { readonly own?: readonly string[]; readonly problems?: readonly string[] } = {},
): ResolvedPostgresOptions {
  const misplaced = misplacedProblem(options);
  if (misplaced !== undefined) throw new InvalidPostgresOptionsError(subject, [misplaced]);
  const { connection: given = {}, schema = 'dispatch', migrate = false, atBoot = 'fail' } = options;
  const { maxConnections = 4, commandTimeoutMs = 5000 } = options;
  const connection = typeof given === 'string' ? { connectionString: given } : given;
  const names = [...Object.keys(KNOWN), ...own];
  const found = [
    ...Object.keys(options)
      .filter((name) => !names.includes(name))
      .map((name) => `has the unknown option "${name}": there are ${names.join(', ')}`),
    ...connectionProblems(connection),
    ...schemaProblems(schema),
    ...choiceProblems('migrate', migrate, [true, false]),
    ...choiceProblems('atBoot', atBoot, ['fail', 'wait']),
    ...countProblems('maxConnections', maxConnections, 1, 10_000),
    ...countProblems('commandTimeoutMs', commandTimeoutMs, 1, MAX_TIMEOUT_MS),
    ...problems,
  ];
  if (found.length > 0) throw new InvalidPostgresOptionsError(subject, found);
  return { connection, schema, migrate, atBoot, maxConnections, commandTimeoutMs };
}

/** What is wrong with the name of a schema: it becomes part of statements. */
export function schemaProblems(schema: unknown): string[] {
  if (typeof schema === 'string' && SCHEMA_NAME.test(schema)) return [];
  return [`has schema ${JSON.stringify(schema)}, not a name of letters, digits and "_" with at most 63 characters`];
}

/** What is wrong with a number. */
export function countProblems(name: string, value: unknown, min: number, max: number): string[] {
  const isRight = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return isRight ? [] : [`has ${name} ${JSON.stringify(value)}, not a whole number from ${min} to ${max}`];
}

/** Whether it is a pool, rather than how to make one. */
export function isPool(connection: PostgresConnectionOptions | PostgresPool): connection is PostgresPool {
  return 'connect' in connection && typeof connection.connect === 'function';
}

function misplacedProblem(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null) {
    return 'takes an object of options, such as { connection: "postgres://…" }';
  }
  return isPool(options as PostgresConnectionOptions)
    ? 'was given a pool as its options: write { connection }'
    : undefined;
}

/** What is wrong with a choice. */
export function choiceProblems(name: string, value: unknown, choices: readonly unknown[]): string[] {
  if (choices.includes(value)) return [];
  return [`has ${name} ${JSON.stringify(value)}, not ${choices.map((choice) => JSON.stringify(choice)).join(' or ')}`];
}

function connectionProblems(connection: PostgresConnectionOptions | PostgresPool): string[] {
  if (typeof connection !== 'object' || connection === null) {
    return ['has a connection that is neither text nor object'];
  }
  if (isPool(connection)) {
    const isWhole = typeof connection.query === 'function' && typeof connection.end === 'function';
    return isWhole ? [] : ['has a connection with "connect" that is no pool of pg: give new Pool(…) or its options'];
  }
  const { connectionString: text } = connection;
  const isRight = text === undefined || (typeof text === 'string' && /^(postgres(ql)?:\/\/|socket:|\/)/.test(text));
  // It is not quoted: it may hold a password.
  return isRight ? [] : ['has a connection string that does not begin with postgres://'];
}
