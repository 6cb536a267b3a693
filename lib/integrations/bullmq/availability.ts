import { QueueUnavailableError } from '../../index.js';
import type { Store } from './store.js';

/** What happens while the store does not answer. */
export interface AvailabilityOptions {
  /**
   * Where the store does not answer when the application starts: `fail` stops the start with `QueueUnavailableError`
   * after `connectTimeoutMs`; `wait` starts, and the queues work once the store is there. Default `fail`.
   */
  readonly atBoot?: 'fail' | 'wait';
  /** How long connecting may take at the start, in milliseconds from 1. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /**
   * Where the store stops answering later: `fail` rejects what is asked of it after `commandTimeoutMs`; `wait` keeps it,
   * in memory and without limit, until the store is back or the application closes. Workers always wait. Default `fail`.
   */
  readonly whenDown?: 'fail' | 'wait';
  /** How long the store may take to answer, in milliseconds from 1, counted from the call. Default 5000. */
  readonly commandTimeoutMs?: number;
}

/** The same, complete. */
export type Availability = Required<AvailabilityOptions>;

const MAX_TIMEOUT_MS = 2_147_483_647;

/** Fills the options in. */
export function resolveAvailability(options: AvailabilityOptions): Availability {
  return {
    atBoot: options.atBoot ?? 'fail',
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    whenDown: options.whenDown ?? 'fail',
    commandTimeoutMs: options.commandTimeoutMs ?? 5000,
  };
}

/** What is wrong with the options. */
export function availabilityProblems({ atBoot, connectTimeoutMs, whenDown, commandTimeoutMs }: Availability): string[] {
  const problems: string[] = [];
  const choices = { atBoot, whenDown };
  for (const [name, value] of Object.entries(choices)) {
    if (!['fail', 'wait'].includes(value)) problems.push(`has ${name} ${JSON.stringify(value)}, not "fail" or "wait"`);
  }
  for (const [name, value] of Object.entries({ connectTimeoutMs, commandTimeoutMs })) {
    const isRight = typeof value === 'number' && value >= 1 && value <= MAX_TIMEOUT_MS;
    if (!isRight)
      problems.push(`has ${name} ${JSON.stringify(value)}, not a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`);
  }
  return problems;
}

/** Asks the store, for as long as the options allow. */
export class BoundedCommands {
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly store: Pick<Store, 'label' | 'isReady' | 'becomesReady' | 'isOutage'>,
    private readonly options: Pick<Availability, 'whenDown' | 'commandTimeoutMs'>,
  ) {}

  /**
   * Runs commands.
   *
   * @param attempted as the error names it, such as `counting the queue "orders"`
   * @throws DISPATCH_QUEUE_UNAVAILABLE where the store does not answer in time; else what `command` throws
   */
  async run<T>(attempted: string, command: () => Promise<T>): Promise<T> {
    if (this.options.whenDown === 'wait') return this.untilClosed(attempted, command);
    const endsAtMs = performance.now() + this.options.commandTimeoutMs;
    if (!this.store.isReady()) await this.within(endsAtMs, this.store.becomesReady(), attempted, false);
    try {
      return await this.within(endsAtMs, command(), attempted, true);
    } catch (cause) {
      throw this.failureOf(attempted, cause);
    }
  }

  /** Ends the wait of whoever waits for a store that is down. */
  close(): void {
    for (const end of this.waiting) end();
  }

  private async untilClosed<T>(attempted: string, command: () => Promise<T>): Promise<T> {
    let end: (() => void) | undefined;
    const closed = new Promise<never>((_resolve, reject) => {
      end = () => reject(new QueueUnavailableError(attempted, this.store.label, { mayBeStored: true }));
      this.waiting.add(end);
    });
    try {
      return await Promise.race([command(), closed]);
    } catch (cause) {
      throw this.failureOf(attempted, cause);
    } finally {
      if (end !== undefined) this.waiting.delete(end);
    }
  }

  private failureOf(attempted: string, cause: unknown): unknown {
    if (!this.store.isOutage(cause)) return cause;
    return new QueueUnavailableError(attempted, this.store.label, { cause, mayBeStored: true });
  }

  /** Whether an error means that the store does not answer. */
  isOutage(error: unknown): boolean {
    return this.store.isOutage(error);
  }

  private async within<T>(endsAtMs: number, answer: Promise<T>, attempted: string, mayBeStored: boolean): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new QueueUnavailableError(attempted, this.store.label, { mayBeStored })),
        Math.max(1, endsAtMs - performance.now()),
      );
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
