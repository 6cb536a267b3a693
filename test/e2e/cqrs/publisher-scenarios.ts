import 'reflect-metadata';

import { afterEach, expect, it } from '@jest/globals';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, EventBus, QueryBus, UnhandledExceptionBus, type IEventPublisher } from '@nestjs/cqrs';

import {
  CountTickets,
  DeskModule,
  FailureOptions,
  FailureOptionsModule,
  journalOptions,
  OpenTicket,
  TicketOpened,
} from './app/desk.module.js';
import { Journal } from './app/journal.js';
import { Broker, JournalCommandPublisher, JournalFailurePublisher, JournalQueryPublisher } from './app/publishers.js';

/** What the desk must do, whichever library it imports: options at the root and publishers of its own. */
export function publisherScenarios(): void {
  let app: INestApplicationContext;

  afterEach(() => app.close());

  async function start(module: DynamicModule): Promise<Journal> {
    app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    return app.get(Journal);
  }

  it('handles messages without any options', async () => {
    const journal = await start(DeskModule.with());
    expect(await app.get(CommandBus).execute(new OpenTicket('a'))).toBe('a');
    expect(await app.get(QueryBus).execute(new CountTickets())).toBe(1);
    expect(journal.lines).toEqual(['opened a', 'opened copy of a', 'opened note on a']);
  });

  it('tells the publishers given as options, and leaves handling an event to its publisher', async () => {
    const known = new Journal();
    const journal = await start(DeskModule.with(journalOptions(known)));
    expect(await app.get(CommandBus).execute(new OpenTicket('a'))).toBe('a');
    await app.get(QueryBus).execute(new CountTickets());
    const sent = ['told of OpenTicket', ...Array.from({ length: 3 }, () => 'sent TicketOpened away')];
    expect(known.lines).toEqual([...sent, 'told of CountTickets']);
    expect(journal.lines).toEqual([]);
  });

  it('tells the publishers that were set on the buses', async () => {
    const journal = await start(DeskModule.with());
    app.get(CommandBus).publisher = new JournalCommandPublisher(journal);
    app.get(QueryBus).publisher = new JournalQueryPublisher(journal);
    app.get<UnhandledExceptionBus>(UnhandledExceptionBus).publisher = new JournalFailurePublisher(journal);
    await app.get(CommandBus).execute(new OpenTicket('broken'));
    await app.get(QueryBus).execute(new CountTickets());
    await journal.has('told of no such desk at TicketOpened');
    expect(journal.lines).toEqual(expect.arrayContaining(['told of OpenTicket', 'told of CountTickets']));
  });

  it('brings events back that a publisher took away, and names the aggregate that published them', async () => {
    const journal = await start(DeskModule.with());
    app.get(Broker).bridgeEventsTo(app.get(EventBus).subject$);
    app.get(EventBus).publisher = app.get(Broker);
    await app.get(CommandBus).execute(new OpenTicket('a'));
    app.get(EventBus).publish(new TicketOpened('b'));
    expect(journal.lines).toEqual([
      'broker took 2 events',
      'opened a',
      'opened copy of a',
      'broker took TicketOpened from Ticket',
      'opened note on a',
      'broker took TicketOpened from nobody',
      'opened b',
    ]);
  });

  it('handles an event here as well where a publisher passes it on to the one it replaced', async () => {
    const journal = await start(DeskModule.with());
    const events = app.get(EventBus);
    const local: IEventPublisher = events.publisher;
    events.publisher = {
      publish: (event) => {
        journal.write(`also sent ${event.constructor.name}`);
        return local.publish(event);
      },
    };
    events.publishAll([new TicketOpened('a'), new TicketOpened('b')]);
    expect(journal.lines).toEqual(['also sent TicketOpened', 'opened a', 'also sent TicketOpened', 'opened b']);
  });

  it('takes its options from a factory, with what it injects', async () => {
    const journal = await start(
      DeskModule.withAsync({
        useFactory: async (known: Journal) => ({ commandPublisher: new JournalCommandPublisher(known) }),
        inject: [Journal],
      }),
    );
    await app.get(CommandBus).execute(new OpenTicket('a'));
    expect(journal.lines.slice(0, 2)).toEqual(['told of OpenTicket', 'opened a']);
  });

  it.each([
    ['a class', { useClass: FailureOptions }],
    ['a provider of another module', { imports: [FailureOptionsModule], useExisting: FailureOptions }],
  ])('takes its options from %s', async (_kind, options) => {
    const journal = await start(DeskModule.withAsync(options));
    app.get(EventBus).publish(new TicketOpened('broken'));
    await journal.has('told of no such desk at TicketOpened');
    expect(journal.lines).toEqual(['told of no such desk at TicketOpened']);
  });

  it('takes its options as a value', async () => {
    const known = new Journal();
    await start(DeskModule.withAsync({ useValue: journalOptions(known) }));
    await app.get(CommandBus).execute(new OpenTicket('a'));
    expect(known.lines[0]).toBe('told of OpenTicket');
  });
}
