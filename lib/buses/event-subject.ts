import { Subject, type Observable, type Subscriber, type Subscription } from 'rxjs';

/** Takes events in from a custom publisher and has them handled; subscribers see all events of the application. */
export class EventSubject<T extends object> extends Subject<T> {
  constructor(
    private readonly events: Observable<T>,
    private readonly handle: (event: T) => void,
  ) {
    super();
  }

  override next(event: T): void {
    this.handle(event);
  }

  /** Called by RxJS for a new subscriber. */
  protected _subscribe(subscriber: Subscriber<T>): Subscription {
    return this.events.subscribe(subscriber);
  }
}
