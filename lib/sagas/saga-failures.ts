import { jittered } from '../failures/policy/jitter.js';
import type { TurnFailurePolicy } from '../failures/policy/failure-policies.js';
import { isTerminal, type Failure, type FailureAction } from '../failures/policy/failure.js';
import type { FailureReporter, SagaFailure } from '../failures/failure-reporter.js';
import type { Envelope } from '../message/envelope.js';
import { nameOf } from '../message/message.js';
import { RunMode } from '../message/run-mode.js';
import { InvalidSagaError } from './errors.js';

/** How many events of one saga wait for another attempt at most; one more is given up on at once. */
const MAX_WAITING = 1000;
/** What is left of rules for a command whose own handler has used all attempts up: their end. */
const ALL_ATTEMPTS = Number.MAX_SAFE_INTEGER;

/** The event that was being shown to a saga when it threw. */
export interface FailedReaction {
  readonly event: Envelope;
  /** How often the saga was shown it, from 1. */
  readonly attempt: number;
  /** Shows it once more; false where the saga has ended meanwhile. */
  readonly again: () => boolean;
}

/** Does about the failures of one saga what the rules say, as far as that can be done for a saga. Never throws. */
export class SagaFailures {
  private readonly waits = new Map<NodeJS.Timeout, () => void>();
  private isEnded = false;

  /** @param policy undefined where no rule says anything */
  constructor(
    private readonly saga: string,
    private readonly policy: TurnFailurePolicy | undefined,
    private readonly reporter: FailureReporter,
  ) {}

  /** The saga threw. Where no event was being shown to it there is nothing to try again, and the error is reported. */
  atEvent(error: unknown, reaction: FailedReaction | undefined): void {
    const failure = { saga: this.saga, event: reaction?.event, command: undefined, error };
    const action = reaction && this.decide(reaction, error);
    if (action?.action === 'discard') this.reporter.sagaDiscarded(failure, action.reason);
    else if (reaction === undefined || !this.wait(failure, reaction, action)) this.reporter.sagaFailed(failure);
  }

  /** A command of the saga failed for good: what its handler's policy had to say is done. */
  atCommand(error: unknown, command: object, event: Envelope | undefined): void {
    const failure = { saga: this.saga, event, command, error };
    const action = this.policy?.decide({
      ...this.facts(error),
      attempt: ALL_ATTEMPTS,
      messageName: nameOf(command),
      messageKind: 'command',
    });
    if (action?.action === 'discard') this.reporter.sagaDiscarded(failure, action.reason);
    else this.reporter.sagaFailed(failure);
  }

  /** Gives up on the events that wait, and has none wait from now on. */
  end(): void {
    this.isEnded = true;
    for (const [timer, giveUp] of this.waits) {
      clearTimeout(timer);
      giveUp();
    }
    this.waits.clear();
  }

  /** @returns false where the event is not to be tried again, or there is no room for it to wait in */
  private wait(failure: SagaFailure, { attempt, again }: FailedReaction, action: FailureAction | undefined): boolean {
    if (action === undefined || isTerminal(action) || this.isEnded || this.waits.size >= MAX_WAITING) return false;
    const delayMs = 'delayMs' in action ? jittered(action.delayMs, action.jitter) : 0;
    const giveUp = (): void => this.reporter.sagaFailed(failure);
    this.reporter.sagaRetried(failure, attempt, delayMs);
    const timer = setTimeout(() => {
      this.waits.delete(timer);
      if (!again()) giveUp();
    }, delayMs);
    this.waits.set(timer, giveUp);
    return true;
  }

  private decide({ event, attempt }: FailedReaction, error: unknown): FailureAction | undefined {
    if (this.policy === undefined || attempt >= this.policy.attemptLimit) return undefined;
    const { name: messageName, kind: messageKind } = event;
    return this.policy.decide({ ...this.facts(thrownIn(error)), attempt, messageName, messageKind });
  }

  private facts(error: unknown): Pick<Failure, 'error' | 'runMode' | 'handlerName' | 'queue'> {
    return { error, runMode: RunMode.Sync, handlerName: this.saga, queue: undefined };
  }
}

/** Rules are for what the saga threw, also where it did so when it was started again. */
function thrownIn(error: unknown): unknown {
  return error instanceof InvalidSagaError ? (error.cause ?? error) : error;
}
