import { from, Observable, Subject, type Subscription } from 'rxjs';

import type { PublishedEvent } from '../buses/event-bus.js';
import { errorText } from '../common/dispatch-error.js';
import type { AmbientStore } from '../message/ambient-context.js';
import { MessageContext, type HandlerFacts } from '../message/message-context.js';
import { InvalidSagaError } from './errors.js';
import type { FailedReaction, SagaFailures } from './saga-failures.js';
import type { ISaga } from './saga.decorator.js';

/** The event a saga is reacting to while it does so in the event's own turn. */
export interface CurrentReaction {
  readonly published: PublishedEvent;
  readonly context: MessageContext;
}

/** Is told what a saga answers. Must not throw. */
export interface StreamSagaObserver {
  /** The saga answered; `reaction` is undefined where it did so later, on its own. */
  emitted(saga: StreamSaga, output: unknown, reaction: CurrentReaction | undefined): void;
}

/**
 * One saga with its own stream of events. An error ends the stream it came from, by the rules of RxJS: it is told,
 * and a new one is made for the next event, so the saga goes on with its state lost.
 */
export class StreamSaga {
  private events = new Subject<object>();
  private subscription: Subscription | undefined;
  private reaction: CurrentReaction | undefined;
  private isStopped = false;

  constructor(
    /** Class and method. */
    readonly name: string,
    private readonly saga: ISaga,
    /** What happens where it throws, or its commands fail. */
    readonly failures: SagaFailures,
    private readonly observer: StreamSagaObserver,
    private readonly ambient: AmbientStore,
  ) {}

  /** Starts the saga. @throws DISPATCH_INVALID_SAGA where it throws, or returns no stream */
  start(): void {
    this.events = new Subject();
    const output = this.call();
    this.subscription = from(output).subscribe({
      next: (value) => this.observer.emitted(this, value, this.reaction),
      error: (error: unknown) => this.fail(error),
      complete: () => this.stop(),
    });
    if (this.isStopped || this.subscription.closed) this.subscription = undefined;
  }

  /**
   * Shows the saga an event. Never throws.
   *
   * @param attempt which time this saga is shown it, from 1
   * @returns false where the saga has ended
   */
  react(published: PublishedEvent, attempt = 1): boolean {
    if (this.isStopped) return false;
    const { envelope, owner } = published;
    const context = new MessageContext(envelope, this.facts, undefined, owner, undefined, attempt);
    const outer = this.reaction;
    this.reaction = { published, context };
    try {
      this.ambient.run(context, () => this.show(published.envelope.message));
    } catch (error) {
      this.fail(error);
    } finally {
      this.reaction = outer;
    }
    return true;
  }

  /** Whether it sees no more events: its stream is complete, or it was stopped. */
  get hasEnded(): boolean {
    return this.isStopped;
  }

  /** Ends the saga for good. */
  stop(): void {
    this.isStopped = true;
    this.subscription?.unsubscribe();
    this.subscription = undefined;
  }

  private get facts(): HandlerFacts {
    return { name: this.name, key: this.name, timeoutMs: 0 };
  }

  private show(event: object): void {
    if (this.subscription === undefined) this.start();
    this.events.next(event);
  }

  private call(): Observable<unknown> | AsyncIterable<unknown> {
    let output: unknown;
    try {
      output = this.saga(this.events.asObservable());
    } catch (error) {
      throw new InvalidSagaError(this.name, `it threw when it was started: ${errorText(error)}`, { cause: error });
    }
    if (isStream(output)) return output;
    throw new InvalidSagaError(this.name, 'it returned neither an Observable nor an async iterable');
  }

  private fail(error: unknown): void {
    this.subscription?.unsubscribe();
    this.subscription = undefined;
    this.failures.atEvent(error, this.reaction && this.failedReaction(this.reaction));
  }

  private failedReaction({ published: { envelope, owner }, context: { attempt } }: CurrentReaction): FailedReaction {
    // Who published the event does not wait any more.
    const published = { envelope, owner, reactions: undefined };
    return { event: envelope, attempt, again: () => this.react(published, attempt + 1) };
  }
}

function isStream(value: unknown): value is Observable<unknown> | AsyncIterable<unknown> {
  if (value instanceof Observable) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.asyncIterator in value || ('subscribe' in value && 'pipe' in value);
}
