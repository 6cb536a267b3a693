/** What the driver says a statement came to. */
interface DriverResult {
  readonly rows?: readonly unknown[];
  /** What was done: not what was asked for, where a commit had to roll back. */
  readonly command?: string;
}

/** A statement to be run. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** What the server keeps it under, for each connection, so that it is read and planned once; it says nothing of the values. */
  readonly name?: string | undefined;
}

/** One connection of a pool, as far as it is used here. */
export interface PooledConnection {
  query(statement: string | object, values?: readonly unknown[]): Promise<DriverResult>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  removeListener(event: 'error', listener: (error: unknown) => void): unknown;
  release(destroy: boolean): void;
}

/** What Postgres tells a connection that listens. */
export interface PostgresNotification {
  readonly channel: string;
  readonly payload?: string;
}

/** A connection that nobody else uses. */
export interface DedicatedConnection {
  query(text: string): Promise<unknown>;
  on(event: 'error' | 'end', listener: () => void): unknown;
  on(event: 'notification', listener: (notification: PostgresNotification) => void): unknown;
  /** Ends it; whatever else was to be done on it fails. */
  end(): void;
}

/** A pool of `pg`, as far as it is used here. */
export interface Pool {
  /** How many wait for a connection; not every pool says so. */
  readonly waitingCount?: number;
  connect(): Promise<PooledConnection>;
  end(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}
