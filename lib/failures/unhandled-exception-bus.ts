import { Logger } from '@nestjs/common';
import { filter, Subject, type Observable } from 'rxjs';

import { errorText, stackOf } from '../common/dispatch-error.js';
import { isPromiseLike } from '../common/promises.js';
import { ObservableBus } from '../message/observable/observable-bus.js';

/**
 * A failure that no caller is there to see: of an event handler, a saga, or a command that a saga sent. Anything can be
 * thrown; that it is `any` is what subscribers written for `@nestjs/cqrs` rely on.
 */
export interface UnhandledExceptionInfo<Cause = object, Exception = any> {
  /** What was thrown. */
  readonly exception: Exception;
  /** The event or command whose handling failed; `{ saga }` where a saga failed on its own, as after a timer. */
  readonly cause: Cause;
}

/** Takes unhandled exceptions elsewhere, instead of to the subscribers of the bus. */
export interface IUnhandledExceptionPublisher<Cause = object, Exception = any> {
  publish(info: UnhandledExceptionInfo<Cause, Exception>): unknown;
}

/**
 * The stream of failures that no caller is there to see. It is for watching: what happens next to the message is
 * decided elsewhere, and a subscriber that throws harms nobody.
 */
export class UnhandledExceptionBus<Cause extends object = object> extends ObservableBus<UnhandledExceptionInfo<Cause>> {
  private readonly logger = new Logger('UnhandledExceptionBus');
  private readonly subscribers: IUnhandledExceptionPublisher<Cause> = { publish: (info) => this._subject$.next(info) };

  constructor(private customPublisher?: IUnhandledExceptionPublisher<Cause> | undefined) {
    super(new Subject(), (error) => this.logger.error(`A subscriber has thrown: ${errorText(error)}`, stackOf(error)));
  }

  /** An operator that keeps the failures whose exception is an instance of one of the classes. */
  static ofType<Exception>(...types: (abstract new (...args: never[]) => Exception)[]) {
    return <C>(source: Observable<UnhandledExceptionInfo<C>>): Observable<UnhandledExceptionInfo<C, Exception>> =>
      source.pipe(filter(({ exception }) => types.some((type) => exception instanceof type)));
  }

  /** Where failures go. Default: to the subscribers. */
  get publisher(): IUnhandledExceptionPublisher<Cause> {
    return this.customPublisher ?? this.subscribers;
  }

  set publisher(publisher: IUnhandledExceptionPublisher<Cause> | undefined) {
    this.customPublisher = publisher;
  }

  /** Tells subscribers, or the custom publisher, whose own failure is logged. Never throws. */
  publish(info: UnhandledExceptionInfo<Cause>): void {
    try {
      const published = this.publisher.publish(info);
      if (isPromiseLike(published)) Promise.resolve(published).catch((error: unknown) => this.publisherFailed(error));
    } catch (error) {
      this.publisherFailed(error);
    }
  }

  private publisherFailed(error: unknown): void {
    this.logger.error(`The custom publisher has thrown: ${errorText(error)}`, stackOf(error));
  }
}
