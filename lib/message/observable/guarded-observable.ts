import { EMPTY, Observable, Subscriber, type Observer, type Operator, type Subscription } from 'rxjs';

import { isPromiseLike } from '../../common/promises.js';

/** Is handed what a subscriber threw, or what its promise rejected with. It must not throw itself. */
export type SubscriberErrorReport = (error: unknown) => void;

/**
 * An Observable whose subscribers can throw without harm. What a `next`, `error` or `complete` callback throws, or what
 * the promise of an async one rejects with, goes to the report given here: never to RxJS, which would rethrow it as an
 * uncaught exception, and never to the other subscribers. The throwing subscriber stays subscribed. The same holds
 * behind operators: `stream.pipe(map(f)).subscribe(g)`.
 *
 * An operator that throws ends its own subscription, by the rules of RxJS; without an `error` callback that is
 * reported too. Streams made of several (`merge(a, b)`, `combineLatest`) are plain again, since RxJS makes them anew.
 */
export class GuardedObservable<T> extends Observable<T> {
  constructor(
    /** Where the values come from. It must not emit without end while it is being subscribed to. */
    source: Observable<T>,
    private readonly subscriberFailed: SubscriberErrorReport,
  ) {
    super();
    this.source = source;
  }

  /** Called by RxJS for every operator: the stream behind an operator is guarded as well. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new GuardedObservable<R>(EMPTY, this.subscriberFailed);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: Observer<T>['error'] | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (isSubscriber(observerOrNext)) {
      return this.operator === undefined ? this.subscribeForeign(observerOrNext) : super.subscribe(observerOrNext);
    }
    const isObserver = typeof observerOrNext === 'object' && observerOrNext !== null;
    const observer = isObserver ? observerOrNext : { next: observerOrNext, error, complete };
    return super.subscribe(new GuardedObserver(observer, this.subscriberFailed));
  }

  /**
   * RxJS hands a Subscriber on as it is, so one that throws (its own `next`, or a callback of `finalize`) would break
   * off the delivery to those after it. The first link of a chain therefore stands between the two.
   */
  private subscribeForeign(subscriber: Subscriber<T>): Subscription {
    const link: Observer<T> = {
      next: (value) => subscriber.next(value),
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    };
    subscriber.add(super.subscribe(new GuardedObserver(link, this.subscriberFailed)));
    return subscriber;
  }
}

interface Callbacks<T> {
  readonly next?: ((value: T) => unknown) | null | undefined;
  readonly error?: ((error: unknown) => unknown) | null | undefined;
  readonly complete?: (() => unknown) | null | undefined;
}

/** Calls the callbacks as members of their object, as RxJS does, and lets nothing out. */
class GuardedObserver<T> implements Observer<T> {
  constructor(
    private readonly callbacks: Callbacks<T>,
    private readonly report: SubscriberErrorReport,
  ) {}

  next(value: T): void {
    try {
      this.watch(this.callbacks.next?.(value));
    } catch (error) {
      this.report(error);
    }
  }

  error(failure: unknown): void {
    try {
      if (typeof this.callbacks.error === 'function') this.watch(this.callbacks.error(failure));
      else this.report(failure);
    } catch (error) {
      this.report(error);
    }
  }

  complete(): void {
    try {
      this.watch(this.callbacks.complete?.());
    } catch (error) {
      this.report(error);
    }
  }

  private watch(result: unknown): void {
    if (isPromiseLike(result)) Promise.resolve(result).catch(this.report);
  }
}

/** What RxJS itself takes for a Subscriber, also one of another installed copy. */
function isSubscriber<T>(value: unknown): value is Subscriber<T> {
  if (value instanceof Subscriber) return true;
  if (typeof value !== 'object' || value === null || !('closed' in value)) return false;
  return ['next', 'error', 'complete', 'add', 'remove', 'unsubscribe'].every(
    (name) => typeof Reflect.get(value, name) === 'function',
  );
}
