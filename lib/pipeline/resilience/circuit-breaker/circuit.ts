import { delay } from '../../../common/promises.js';
import type { ResolvedCircuitSettings } from './circuit-breaker.options.js';
import { OutcomeWindow } from './outcome-window.js';

/** `closed`: calls are let through. `open`: none is. `halfOpen`: a few are, to find out. */
export type CircuitState = 'closed' | 'open' | 'halfOpen';

/** What a call that was let through came to; `unknown` where it says nothing of the dependency. */
export type CallOutcome = 'answered' | 'failed' | 'unknown';

/** A call that was let through. What began before the last change of state no longer matters. */
export interface CircuitPass {
  readonly phase: number;
}

/** How a circuit changed. */
export interface CircuitChange {
  readonly state: CircuitState;
  /** Of the window that has just ended, where the circuit opens. */
  readonly failures: number;
  readonly calls: number;
  /** The last failure; undefined where the circuit does not open. */
  readonly error: unknown;
}

/** For how long a caller is sent away while calls that were let through are to find out, in milliseconds. */
const PROBING_MS = 1000;

/** Watches the calls to one dependency, and lets none through while it fails. It needs no timer: time is looked at with each call. */
export class Circuit {
  private current: CircuitState = 'closed';
  private phase = 0;
  private failuresInRow = 0;
  private readonly window: OutcomeWindow;
  private openUntilMs = 0;
  private probes = 0;
  private answers = 0;
  private probedAtMs = 0;
  private readonly waiting = new Set<AbortController>();

  constructor(
    readonly name: string,
    readonly settings: ResolvedCircuitSettings,
    private readonly changedTo: (circuit: Circuit, change: CircuitChange) => void,
  ) {
    this.window = new OutcomeWindow(settings.windowMs);
  }

  /** As the next call finds it. */
  get state(): CircuitState {
    return this.current === 'open' && performance.now() >= this.openUntilMs ? 'halfOpen' : this.current;
  }

  /** In how many milliseconds another try is worth it, from 1; of meaning where none is let through now. */
  get retryAfterMs(): number {
    const { openMs } = this.settings;
    if (this.current !== 'open') return Math.min(openMs, PROBING_MS);
    return Math.max(1, Math.ceil(this.openUntilMs - performance.now()));
  }

  /** Lets a call through, whose end must be told with {@link end}; undefined where none is let through now. */
  enter(): CircuitPass | undefined {
    if (this.current === 'closed') return { phase: this.phase };
    const time = performance.now();
    if (this.current === 'open') {
      if (time < this.openUntilMs) return undefined;
      this.become('halfOpen');
    }
    const { halfOpenCalls, openMs } = this.settings;
    if (this.probes >= halfOpenCalls) {
      // A call that hangs finds nothing out: after the same time again others are let through in its place.
      if (time - this.probedAtMs < openMs) return undefined;
      this.begin('halfOpen');
    }
    this.probes += 1;
    this.probedAtMs = time;
    return { phase: this.phase };
  }

  /** Tells how a call ended that was let through. */
  end({ phase }: CircuitPass, outcome: CallOutcome, error?: unknown): void {
    if (phase !== this.phase) return;
    if (this.current === 'halfOpen') this.probed(outcome, error);
    else if (outcome !== 'unknown') this.count(outcome === 'failed', error);
  }

  /** Resolves at the next change, or as soon as the signal aborts. */
  async changes(signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    this.waiting.add(waiting);
    const restMs = Math.max(1, Math.ceil(this.probedAtMs + this.settings.openMs - performance.now()));
    await delay(restMs, AbortSignal.any([signal, waiting.signal]));
    this.waiting.delete(waiting);
  }

  /** Has those who wait for a change look again. */
  wake(): void {
    for (const waiting of this.waiting) waiting.abort();
  }

  private probed(outcome: CallOutcome, error: unknown): void {
    if (outcome === 'failed') {
      this.open(1, this.probes, error);
      return;
    }
    if (outcome === 'unknown') {
      this.probes -= 1;
      this.wake();
      return;
    }
    this.answers += 1;
    if (this.answers >= this.settings.halfOpenCalls) this.become('closed');
  }

  private count(isFailure: boolean, error: unknown): void {
    const time = performance.now();
    this.window.add(isFailure, time);
    this.failuresInRow = isFailure ? this.failuresInRow + 1 : 0;
    if (!isFailure) return;
    const { failureRate, minimumCalls, consecutiveFailures } = this.settings;
    const { failures, calls } = this.window.counts(time);
    const isAbove = calls >= minimumCalls && failures / calls >= failureRate;
    if (isAbove || this.failuresInRow >= consecutiveFailures) this.open(failures, calls, error);
  }

  private open(failures: number, calls: number, error: unknown): void {
    this.openUntilMs = performance.now() + this.settings.openMs;
    this.become('open', { failures, calls, error });
  }

  private become(
    state: CircuitState,
    facts: Omit<CircuitChange, 'state'> = { failures: 0, calls: 0, error: undefined },
  ) {
    this.begin(state);
    this.changedTo(this, { state, ...facts });
  }

  private begin(state: CircuitState): void {
    this.current = state;
    this.phase += 1;
    this.failuresInRow = 0;
    this.probes = 0;
    this.answers = 0;
    this.window.clear();
    this.wake();
  }
}
