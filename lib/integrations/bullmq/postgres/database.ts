import { createHash } from 'node:crypto';
import { isNativeError } from 'node:util/types';

import type { Borrowed, Connector, PgConnection } from './pg-driver.js';

/** The shortest and the longest wait before the server is tried again, in milliseconds. */
const PROBE_FIRST_MS = 50;
const PROBE_MAX_MS = 1000;

/** What the driver, or the operating system below it, says where the server cannot be reached. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/**
 * What a server says that stops, starts, is full, or has become a replica: class 08, and these.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SERVER_AWAY = /^(08|57P0[1-35]|53300|25006)/;

/** What pg says, which has no code. */
const LOST =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired|timeout exceeded)/;

/** Queries one server, each within a time limit, and knows whether it answers. */
export class Database {
  private readonly statements = new Map<string, string>();
  private readonly waiting: (() => void)[] = [];
  private isUp = false;
  private isPrepared = false;
  private isClosed = false;
  private probeTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connector: Pick<Connector, 'borrow'>,
    private readonly parts: {
      /** How long an answer may take, in milliseconds. */
      readonly timeoutMs: number;
      /** Done with the first connection, before anything is asked. */
      prepare(connection: PgConnection): Promise<void>;
      report(error: unknown): void;
    },
  ) {}

  /** Connects and prepares. @throws NoAnswer after `timeoutMs`, or whatever the driver throws */
  async open(timeoutMs: number): Promise<void> {
    await within(timeoutMs, this.probe(timeoutMs));
    this.answered();
  }

  /** Looks for the server until it answers. */
  openLater(): void {
    this.probeIn(PROBE_FIRST_MS);
  }

  /** Whether the last that is known of the server is that it answers. */
  isReady(): boolean {
    return this.isUp;
  }

  /** Resolves when the server answers. Never rejects; never resolves where the database is closed before. */
  becomesReady(): Promise<void> {
    if (this.isUp) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Runs one statement, prepared once for each connection, and returns its rows. */
  async query<Row>(text: string, values: readonly unknown[] = [], timeoutMs = this.parts.timeoutMs): Promise<Row[]> {
    let borrowed: Borrowed;
    try {
      borrowed = await this.connector.borrow();
    } catch (error) {
      this.failed(error);
      throw error;
    }
    let error: unknown;
    try {
      const { rows } = await within(timeoutMs, borrowed.connection.query({ text, values, name: this.nameOf(text) }));
      // The caller knows what the statement returns.
      return rows as Row[];
    } catch (thrown) {
      error = thrown;
      this.failed(thrown);
      throw thrown;
    } finally {
      borrowed.release(error !== undefined && isOutage(error));
    }
  }

  /** Tells that the server was found not to answer. */
  failed(error: unknown): void {
    if (!this.isUp || this.isClosed || !isOutage(error)) return;
    this.isUp = false;
    this.probeIn(PROBE_FIRST_MS);
  }

  /** Looks for the server no longer. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.probeTimer);
  }

  private probeIn(delayMs: number): void {
    if (this.isClosed) return;
    this.probeTimer = setTimeout(() => {
      this.probe(this.parts.timeoutMs).then(
        () => this.answered(),
        (error: unknown) => {
          if (!this.isClosed) this.parts.report(error);
          this.probeIn(Math.min(delayMs * 2, PROBE_MAX_MS));
        },
      );
    }, delayMs);
    // Whoever waits for the server keeps the process alive by what it waits with.
    this.probeTimer.unref();
  }

  private async probe(timeoutMs: number): Promise<void> {
    const { connection, release } = await this.connector.borrow();
    let isBroken = true;
    try {
      const isFirst = !this.isPrepared;
      await within<unknown>(
        timeoutMs,
        isFirst ? this.parts.prepare(connection) : connection.query({ text: 'SELECT 1' }),
      );
      this.isPrepared = true;
      isBroken = false;
    } finally {
      release(isBroken);
    }
  }

  private answered(): void {
    this.isUp = true;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private nameOf(text: string): string {
    const known = this.statements.get(text);
    if (known !== undefined) return known;
    // Two applications may share a pool, and a connection takes one text for a name only.
    const name = `dispatch_${createHash('sha1').update(text).digest('hex')}`;
    this.statements.set(text, name);
    return name;
  }
}

/** @throws NoAnswer where the answer does not come in time */
export async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Why a query was given up: the server took too long. */
export class NoAnswer extends Error {
  constructor(timeoutMs: number) {
    super(`No answer within ${timeoutMs} ms.`);
  }
}

/** Whether an error of a query means that the server does not answer, rather than that it refuses the query. */
export function isOutage(error: unknown): error is Error {
  // By its shape: to a test runner that gives each file a realm of its own, Node's errors are no instances of Error.
  if (!isNativeError(error)) return false;
  if (error instanceof NoAnswer || LOST.test(error.message)) return true;
  // A host with several addresses fails with one error for each.
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isOutage);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (UNREACHABLE.has(code) || SERVER_AWAY.test(code)) return true;
  return error.cause !== undefined && isOutage(error.cause);
}
