import { describeValue } from '../../common/describe-value.js';
import { durationMs } from '../../common/duration.js';
import { isTimeoutMs } from '../../common/timeout.js';
import { isPlace, isReason } from './action.js';
import type { ErrorMatcher } from './error-matcher.js';
import { InvalidFailureRuleError } from './errors.js';
import { isTerminal, type FailureAction, type Jitter } from './failure.js';

const MAX_TIMES = 1000;
const JITTERS: readonly unknown[] = ['full', 'bounded'] satisfies Jitter[];

/** What one verb said. */
interface Step {
  readonly text: string;
  readonly actions: readonly FailureAction[];
}

/**
 * Steps that were said so far, with the errors they are for where those are known. All verbs are here at any time: which
 * of them may come next is what the types of `verbs.ts` say to programs that have types, and what each verb says to all.
 */
export class VerbChain<E extends ErrorMatcher | undefined> {
  readonly actions: readonly FailureAction[];

  constructor(
    readonly errors: E,
    private readonly steps: readonly Step[] = [],
    private readonly jitterKind: Jitter = 'none',
  ) {
    const actions = steps.flatMap((step) => step.actions);
    this.actions = Object.freeze(actions.map((action) => Object.freeze(withJitter(action, jitterKind))));
    Object.freeze(this);
  }

  get text(): string {
    const last = this.actions.at(-1);
    const end = last !== undefined && !isTerminal(last) ? ', then dead letter' : '';
    return `${this.said()}${end}${this.jitterKind === 'none' ? '' : ` (${this.jitterKind} jitter)`}`;
  }

  retry(...delays: readonly unknown[]): VerbChain<E> {
    return this.waiting('retry', 'retry', delays);
  }

  thenRetry(...delays: readonly unknown[]): VerbChain<E> {
    return this.waiting('thenRetry', 'retry', delays);
  }

  schedule(...delays: readonly unknown[]): VerbChain<E> {
    return this.waiting('schedule', 'schedule', delays);
  }

  thenSchedule(...delays: readonly unknown[]): VerbChain<E> {
    return this.waiting('thenSchedule', 'schedule', delays);
  }

  requeue(times?: unknown): VerbChain<E> {
    return this.queueing('requeue', times);
  }

  thenRequeue(times?: unknown): VerbChain<E> {
    return this.queueing('thenRequeue', times);
  }

  discard(reason: unknown): VerbChain<E> {
    return this.discarding('discard', reason);
  }

  thenDiscard(reason: unknown): VerbChain<E> {
    return this.discarding('thenDiscard', reason);
  }

  deadLetter(place?: unknown): VerbChain<E> {
    return this.parking('deadLetter', place);
  }

  thenDeadLetter(place?: unknown): VerbChain<E> {
    return this.parking('thenDeadLetter', place);
  }

  pauseQueue(duration: unknown): VerbChain<E> {
    const last = this.steps.at(-1);
    if (last === undefined) return this.refuse('pauseQueue', 'it belongs to a step, and there is none before it');
    if (last.actions.some(({ pauseQueueMs }) => pauseQueueMs !== undefined)) {
      return this.refuse('pauseQueue', 'the step before it pauses the queue already');
    }
    const pauseQueueMs = this.milliseconds('pauseQueue', duration);
    if (pauseQueueMs === 0) return this.refuse('pauseQueue', `${describeValue(duration)} is no pause`);
    const text = `${last.text} and pause the queue for ${String(duration)}`;
    const paused = { text, actions: last.actions.map((action) => ({ ...action, pauseQueueMs })) };
    return new VerbChain(this.errors, [...this.steps.slice(0, -1), paused], this.jitterKind);
  }

  jitter(kind: unknown): VerbChain<E> {
    if (!JITTERS.includes(kind)) return this.refuse('jitter', `${describeValue(kind)} is neither 'full' nor 'bounded'`);
    if (this.jitterKind !== 'none') return this.refuse('jitter', `it is ${this.jitterKind} already`);
    // One of JITTERS.
    return new VerbChain(this.errors, this.steps, kind as Jitter);
  }

  private waiting(verb: string, action: 'retry' | 'schedule', delays: readonly unknown[]): VerbChain<E> {
    if (delays.length === 0) return this.refuse(verb, "it needs one delay or more, such as '5s'");
    const actions = delays.map((delay) => this.delayed(action, this.milliseconds(verb, delay)));
    return this.add(verb, { text: `${action} ${delays.join(', ')}`, actions });
  }

  private delayed(action: 'retry' | 'schedule', delayMs: number): FailureAction {
    return { action, delayMs, jitter: this.jitterKind };
  }

  private queueing(verb: string, given: unknown): VerbChain<E> {
    const times = given ?? 1;
    if (typeof times !== 'number' || !Number.isInteger(times) || times < 1 || times > MAX_TIMES) {
      return this.refuse(verb, `${describeValue(given)} is not a whole number from 1 to ${MAX_TIMES}`);
    }
    const actions = Array.from({ length: times }, (): FailureAction => ({ action: 'requeue' }));
    return this.add(verb, { text: times === 1 ? 'requeue' : `requeue ${times} times`, actions });
  }

  private discarding(verb: string, reason: unknown): VerbChain<E> {
    if (!isReason(reason)) {
      return this.refuse(verb, `${describeValue(reason)} is no reason: say why the message may be lost`);
    }
    return this.add(verb, { text: `discard (${reason})`, actions: [{ action: 'discard', reason }] });
  }

  private parking(verb: string, place: unknown): VerbChain<E> {
    if (!isPlace(place)) {
      const problem = `${describeValue(place)} is no place: use 1 to 100 letters, digits, dots, dashes and underscores`;
      return this.refuse(verb, problem);
    }
    const text = place === undefined ? 'dead letter' : `dead letter at ${place}`;
    return this.add(verb, { text, actions: [{ action: 'deadLetter', place }] });
  }

  private add(verb: string, step: Step): VerbChain<E> {
    const last = this.actions.at(-1);
    if (last === undefined && verb.startsWith('then')) {
      return this.refuse(verb, 'nothing comes before it, so begin without "then"');
    }
    if (last !== undefined && isTerminal(last)) {
      return this.refuse(verb, `it would come after "${this.steps.at(-1)?.text}", which ends the message`);
    }
    return new VerbChain(this.errors, [...this.steps, step], this.jitterKind);
  }

  private milliseconds(verb: string, duration: unknown): number {
    const ms = durationMs(duration);
    if (ms === undefined) {
      return this.refuse(verb, `${describeValue(duration)} is no duration such as '250ms', '5s' or '10m'`);
    }
    // Part of a millisecond is waited out: a delay is a promise to the handler.
    return isTimeoutMs(Math.ceil(ms)) ? Math.ceil(ms) : this.refuse(verb, `"${String(duration)}" is more than 24 days`);
  }

  private said(): string {
    return [this.errors?.text, this.steps.map(({ text }) => text).join(', then ')].filter(Boolean).join(' ');
  }

  private refuse(verb: string, problem: string): never {
    throw new InvalidFailureRuleError(this.said() || '@OnError', verb, problem);
  }
}

function withJitter(action: FailureAction, jitter: Jitter): FailureAction {
  return 'jitter' in action ? { ...action, jitter } : { ...action };
}
