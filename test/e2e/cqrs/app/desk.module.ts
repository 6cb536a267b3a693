import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import {
  AggregateRoot,
  CommandHandler,
  CqrsModule,
  EventPublisher,
  EventsHandler,
  QueryHandler,
  type CqrsModuleAsyncOptions,
  type CqrsModuleOptions,
  type CqrsModuleOptionsFactory,
} from '@nestjs/cqrs';

import { Journal, JournalModule } from './journal.js';
import {
  JournalCommandPublisher,
  JournalEventPublisher,
  JournalFailurePublisher,
  JournalQueryPublisher,
  Broker,
} from './publishers.js';

export class OpenTicket {
  constructor(readonly subject: string) {}
}

export class CountTickets {}

export class TicketOpened {
  constructor(readonly subject: string) {}
}

class Ticket extends AggregateRoot {}

@CommandHandler(OpenTicket)
class OpenTicketHandler {
  constructor(private readonly publisher: EventPublisher) {}

  async execute({ subject }: OpenTicket): Promise<string> {
    const ticket = this.publisher.mergeObjectContext(new Ticket());
    ticket.apply(new TicketOpened(subject));
    ticket.apply(new TicketOpened(`copy of ${subject}`));
    ticket.commit();
    ticket.publish(new TicketOpened(`note on ${subject}`));
    return subject;
  }
}

@QueryHandler(CountTickets)
class CountTicketsHandler {
  async execute(_query: CountTickets): Promise<number> {
    return 1;
  }
}

@EventsHandler(TicketOpened)
class TicketOpenedHandler {
  constructor(private readonly journal: Journal) {}

  handle({ subject }: TicketOpened): void {
    if (subject === 'broken') throw new Error('no such desk');
    this.journal.write(`opened ${subject}`);
  }
}

/** Options that replace every publisher, and those that replace but the one of failures. */
export function journalOptions(journal: Journal): CqrsModuleOptions {
  return {
    commandPublisher: new JournalCommandPublisher(journal),
    queryPublisher: new JournalQueryPublisher(journal),
    eventPublisher: new JournalEventPublisher(journal),
  };
}

@Injectable()
export class FailureOptions implements CqrsModuleOptionsFactory {
  constructor(private readonly journal: Journal) {}

  createCqrsOptions(): CqrsModuleOptions {
    return { unhandledExceptionPublisher: new JournalFailurePublisher(this.journal) };
  }
}

@Module({ providers: [FailureOptions], exports: [FailureOptions] })
export class FailureOptionsModule {}

/** One feature, with the library's options given at the root. */
@Module({})
export class DeskModule {
  static with(options?: CqrsModuleOptions): DynamicModule {
    return DeskModule.around(CqrsModule.forRoot(options));
  }

  static withAsync(options: CqrsModuleAsyncOptions): DynamicModule {
    return DeskModule.around(CqrsModule.forRootAsync(options));
  }

  private static around(root: DynamicModule): DynamicModule {
    return {
      module: DeskModule,
      imports: [JournalModule, root],
      providers: [Broker, OpenTicketHandler, CountTicketsHandler, TicketOpenedHandler],
    };
  }
}
