import { Injectable } from '@nestjs/common';
import type {
  ICommand,
  ICommandPublisher,
  IEvent,
  IEventPublisher,
  IMessageSource,
  IQueryPublisher,
  IUnhandledExceptionPublisher,
  UnhandledExceptionInfo,
} from '@nestjs/cqrs';
import { Subject } from 'rxjs';

import { Journal } from './journal.js';

export class JournalCommandPublisher implements ICommandPublisher {
  constructor(private readonly journal: Journal) {}

  publish<T extends ICommand>(command: T): void {
    this.journal.write(`told of ${command.constructor.name}`);
  }
}

export class JournalQueryPublisher implements IQueryPublisher<object> {
  constructor(private readonly journal: Journal) {}

  publish<T extends object>(query: T): void {
    this.journal.write(`told of ${query.constructor.name}`);
  }
}

export class JournalFailurePublisher implements IUnhandledExceptionPublisher {
  constructor(private readonly journal: Journal) {}

  publish({ exception, cause }: UnhandledExceptionInfo): void {
    this.journal.write(`told of ${exception.message} at ${cause.constructor.name}`);
  }
}

/** Carries events out of the process and back, as a broker would. */
@Injectable()
export class Broker implements IEventPublisher<object>, IMessageSource<object> {
  private readonly wire$ = new Subject<object>();

  constructor(private readonly journal: Journal) {}

  publish<T extends object>(event: T, dispatcherContext?: unknown): void {
    const sender = dispatcherContext === undefined ? 'nobody' : (dispatcherContext as object).constructor.name;
    this.journal.write(`broker took ${event.constructor.name} from ${sender}`);
    this.wire$.next(event);
  }

  publishAll<T extends object>(events: T[]): void {
    this.journal.write(`broker took ${events.length} events`);
    for (const event of events) this.wire$.next(event);
  }

  bridgeEventsTo<T extends object>(subject: Subject<T>): void {
    // The wire carries nothing but what this application has published.
    this.wire$.subscribe((event) => subject.next(event as T));
  }
}

/** A publisher without `publishAll`. */
export class JournalEventPublisher implements IEventPublisher {
  constructor(private readonly journal: Journal) {}

  publish<T extends IEvent>(event: T): void {
    this.journal.write(`sent ${event.constructor.name} away`);
  }
}
