import { InvalidQueueOptionsError } from '../../../index.js';
import {
  availabilityProblems,
  resolveAvailability,
  type Availability,
  type AvailabilityOptions,
} from '../availability.js';
import { optionsObjectProblem } from '../setup-problems.js';

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

/** Which schema of which Postgres, for {@link migrateBullmqPostgres}. */
export interface BullmqPostgresMigrationOptions {
  /**
   * The Postgres server, from release 13: its address, how to connect, or a pool of `pg`, which stays yours. The connections
   * of a pool of yours must find the schema by themselves: `new Pool({ options: '-c search_path=dispatch' })`. A proxy
   * that gives a connection to another client after each transaction cannot be used. Default: what the environment
   * variables of `pg` say (`PGHOST` and so on).
   */
  readonly connection?: string | PostgresConnectionOptions | PostgresPool;
  /** Where the tables are, and nothing else. Letters, digits and `_`, at most 63. Default `dispatch`. */
  readonly schema?: string;
}

/** Options of {@link bullmqPostgres}. */
export interface BullmqPostgresOptions extends BullmqPostgresMigrationOptions, AvailabilityOptions {
  /**
   * Whether the schema is made, or brought up to date, when the application starts. Needs the right to create it; several
   * processes that start at once wait for each other. Where false, a schema that is missing or old stops the start:
   * call {@link migrateBullmqPostgres} before. Default false.
   */
  readonly migrate?: boolean;
  /**
   * How many connections one application opens at most, from 1; one more listens, for all its queues, lanes and replies
   * together. So the server's `max_connections` must exceed the number of processes times this number and one. No
   * meaning beside a pool, which is best given a `max` of 3 or more: one of its connections listens. Default 10.
   */
  readonly maxConnections?: number;
}

/** The same, complete. */
export interface ResolvedPostgresOptions {
  readonly connection: PostgresConnectionOptions | PostgresPool;
  readonly schema: string;
  readonly migrate: boolean;
  readonly maxConnections: number;
  readonly availability: Availability;
}

const KNOWN = [
  'connection',
  'schema',
  'migrate',
  'maxConnections',
  'atBoot',
  'connectTimeoutMs',
  'whenDown',
  'commandTimeoutMs',
];
const SCHEMA_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** Fills the options in. @throws DISPATCH_INVALID_QUEUE_OPTIONS listing everything that is wrong */
export function resolvePostgresOptions(options: BullmqPostgresOptions, subject: string): ResolvedPostgresOptions {
  const misplaced = optionsObjectProblem(options, 'postgres://');
  if (misplaced !== undefined) throw new InvalidQueueOptionsError(subject, [misplaced]);
  const { connection: given = {}, schema = 'dispatch', migrate = false, maxConnections = 10 } = options;
  const connection = typeof given === 'string' ? { connectionString: given } : given;
  const availability = resolveAvailability(options);
  const unknown = Object.keys(options).filter((name) => !KNOWN.includes(name));
  const problems = [
    ...unknown.map((name) => `has the unknown option "${name}": there are ${KNOWN.join(', ')}`),
    ...availabilityProblems(availability),
    ...connectionProblems(connection),
  ];
  if (typeof schema !== 'string' || !SCHEMA_NAME.test(schema)) {
    problems.push(
      `has schema ${JSON.stringify(schema)}, not a name of letters, digits and "_" with at most 63 characters`,
    );
  }
  if (typeof migrate !== 'boolean') problems.push(`has migrate ${JSON.stringify(migrate)}, not true or false`);
  if (!Number.isInteger(maxConnections) || maxConnections < 1) {
    problems.push(`has maxConnections ${JSON.stringify(maxConnections)}, not a whole number from 1`);
  }
  if (problems.length > 0) throw new InvalidQueueOptionsError(subject, problems);
  return { connection, schema, migrate, maxConnections, availability };
}

/** Whether it is a pool, rather than how to make one. */
export function isPool(connection: PostgresConnectionOptions | PostgresPool): connection is PostgresPool {
  return 'connect' in connection && typeof connection.connect === 'function';
}

function connectionProblems(connection: PostgresConnectionOptions | PostgresPool): string[] {
  if (typeof connection !== 'object' || connection === null)
    return ['has a connection that is neither text nor object'];
  if (isPool(connection)) {
    const isWhole = typeof connection.query === 'function' && typeof connection.end === 'function';
    return isWhole ? [] : ['has a connection with "connect" that is no pool of pg: give new Pool(…) or its options'];
  }
  const { connectionString } = connection;
  const isRight =
    connectionString === undefined ||
    (typeof connectionString === 'string' && /^(postgres(ql)?:\/\/|socket:|\/)/.test(connectionString));
  // It is not quoted: it may hold a password.
  return isRight ? [] : ['has a connection string that does not begin with postgres://'];
}
