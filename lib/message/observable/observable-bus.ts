import { Subject, type Observable } from 'rxjs';

import { GuardedObservable, type SubscriberErrorReport } from './guarded-observable.js';

/** A bus that can be subscribed to. Subscribers see what passes; they can neither stop nor break it. */
export abstract class ObservableBus<T> extends GuardedObservable<T> {
  protected constructor(
    protected readonly _subject$: Subject<T>,
    subscriberFailed: SubscriberErrorReport,
    source: Observable<T> = _subject$,
  ) {
    super(source, subscriberFailed);
  }

  /** What is sent here reaches the subscribers of the bus; made for custom publishers. */
  get subject$(): Subject<T> {
    return this._subject$;
  }
}
