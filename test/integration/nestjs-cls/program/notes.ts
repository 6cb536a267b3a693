import 'reflect-metadata';

import { Inject, Injectable } from '@nestjs/common';
import { Transactional as ClsTransactional, TransactionHost } from '@nestjs-cls/transactional';
import type { TransactionalAdapter } from '@nestjs-cls/transactional';
import type { Knex } from 'knex';

import {
  Command,
  CommandHandler,
  Event,
  EventsHandler,
  Message,
  Transactional,
  type HandlerContext,
} from '../../../../lib/index.js';

/** The adapter of Knex. */
export type Adapter = TransactionalAdapter<Knex, Knex, Knex.TransactionConfig>;

export class NoteTaken extends Event {}

type Work = (context: HandlerContext) => unknown;

/** Writes a note, then does what it is told. */
export class TakeNote extends Command<unknown> {
  constructor(
    readonly text: string,
    readonly work: Work = () => 'taken',
  ) {
    super();
  }
}

/** The same behind a queue. */
@Message('notes.queued')
export class QueuedNote extends Command<string> {
  constructor(readonly text: string) {
    super();
  }
}

/** Writes with the library's own transaction, as its users do. */
@Injectable()
export class Notes {
  static table = '';

  constructor(@Inject(TransactionHost) private readonly host: TransactionHost<Adapter>) {}

  async add(text: string): Promise<void> {
    await this.host.tx(Notes.table).insert({ text });
  }

  @ClsTransactional()
  async within<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }
}

@Transactional({ isolation: 'serializable' })
@CommandHandler(TakeNote)
export class TakeNoteHandler {
  constructor(@Inject(Notes) private readonly notes: Notes) {}

  async execute({ text, work }: TakeNote, context: HandlerContext): Promise<unknown> {
    await this.notes.add(text);
    return work(context);
  }
}

@Transactional()
@CommandHandler(QueuedNote, { queue: 'notes' })
export class QueuedNoteHandler {
  constructor(@Inject(Notes) private readonly notes: Notes) {}

  async execute({ text }: QueuedNote): Promise<string> {
    await this.notes.add(text);
    return 'taken';
  }
}

/** How often a note was told of. */
@EventsHandler(NoteTaken, { phase: 'afterCommit' })
export class Told {
  count = 0;

  handle(): void {
    this.count += 1;
  }
}
