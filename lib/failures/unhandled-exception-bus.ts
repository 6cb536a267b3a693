import { Logger } from '@nestjs/common';
import { filter, Subject, type Observable } from 'rxjs';

import { ObservableBus } from '../message/observable-bus.js';

/** A failure that no caller is there to see: of an event handler, a saga, or a command that a saga sent. */
export interface UnhandledExceptionInfo<Cause = object> {
  /** What was thrown. */
  readonly exception: unknown;
  /** The event or command whose handling failed. */
  readonly cause: Cause;
}

/** Takes unhandled exceptions elsewhere, instead of to the subscribers of the bus. */
export interface IUnhandledExceptionPublisher<Cause = object> {
  publish(info: UnhandledExceptionInfo<Cause>): unknown;
}

/**
 * The stream of failures that no caller is there to see. It is for watching: what happens next to the message is
 * decided elsewhere, and a subscriber that throws harms nobody.
 */
export class UnhandledExceptionBus<Cause = object> extends ObservableBus<UnhandledExceptionInfo<Cause>> {
  private readonly logger = new Logger('UnhandledExceptionBus');

  constructor(
    /** Where exceptions go. Default: to the subscribers. */
    public publisher?: IUnhandledExceptionPublisher<Cause> | undefined,
  ) {
    super(new Subject(), (error) => this.logger.error('A subscriber has thrown.', stackOf(error)));
  }

  /** An operator that keeps the exceptions whose cause is an instance of one of the classes. */
  static ofType<Input extends object, Output extends Input>(...types: (abstract new (...args: never[]) => Output)[]) {
    return (source: Observable<UnhandledExceptionInfo<Input>>): Observable<UnhandledExceptionInfo<Output>> =>
      source.pipe(
        filter((info): info is UnhandledExceptionInfo<Output> => types.some((type) => info.cause instanceof type)),
      );
  }

  /** Tells subscribers, or the custom publisher, whose own failure is logged. Never throws. */
  publish(info: UnhandledExceptionInfo<Cause>): void {
    if (this.publisher === undefined) {
      this._subject$.next(info);
      return;
    }
    try {
      this.publisher.publish(info);
    } catch (error) {
      this.logger.error('The custom publisher has thrown.', stackOf(error));
    }
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
