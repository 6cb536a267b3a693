import type { BackendHost } from '../../index.js';
import { toError } from './errors.js';

/** How long the same error of the same queue is not told again, in milliseconds. */
const QUIET_MS = 1000;
const MAX_REMEMBERED = 100;

/** Tells the application of errors nobody waits for: the same one of a queue at most once a second. */
export class ErrorReports {
  private readonly toldAtMs = new Map<string, number>();

  constructor(
    private readonly host: Pick<BackendHost, 'happened'>,
    private readonly isOutage: (error: unknown) => boolean,
  ) {}

  /** @param queue where the error concerns one; that the store does not answer concerns all */
  report(error: unknown, queue?: string): void {
    const told = toError(error);
    const concerned = this.isOutage(error) ? undefined : queue;
    // A refused connection to a host with several addresses has an empty message, and the address in its code.
    const what = told.message === '' && 'code' in told ? String(told.code) : told.message;
    const key = `${concerned ?? ''}:${what}`;
    const now = performance.now();
    if (now - (this.toldAtMs.get(key) ?? -Infinity) < QUIET_MS) return;
    if (this.toldAtMs.size >= MAX_REMEMBERED) this.toldAtMs.clear();
    this.toldAtMs.set(key, now);
    this.host.happened({ type: 'error', queue: concerned, error: told });
  }
}
