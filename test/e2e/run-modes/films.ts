import { Inject, Injectable } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  DeadLetters,
  Event,
  EventsHandler,
  memoryClaimCheck,
  Message,
  OnError,
  retry,
  type ClaimCheckStore,
  type DispatchOptions,
  type DeadLetter,
  type HandlerContext,
} from 'nestjs-dispatch';

import { until } from '../../unit/run-modes/queued-application.js';
import { startIn, type Mode } from './modes.js';
import { Journal } from './orders.js';

/** Where films are stored; nothing can be while it is closed. */
@Injectable()
export class Studio {
  isOpen = true;
}

/** A message of any size, which fails at its first attempts. */
@Message('films.store')
export class StoreFilm extends Command<string> {
  constructor(
    readonly title: string,
    readonly frames: readonly bigint[],
    readonly failures = 0,
  ) {
    super();
  }
}

@Message('films.stored')
export class FilmStored extends Event {
  constructor(readonly frames: readonly bigint[]) {
    super();
  }
}

@CommandHandler(StoreFilm)
@OnError(RangeError, retry('1ms'))
class StoreFilmHandler {
  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @Inject(Studio) private readonly studio: Studio,
  ) {}

  async execute({ title, frames, failures }: StoreFilm, context: HandlerContext): Promise<string> {
    this.journal.note(title, context.attempt);
    if (context.attempt <= failures || !this.studio.isOpen) throw new RangeError('again');
    return `${title} ${frames.length} ${String(frames.at(-1))}`;
  }
}

@EventsHandler(FilmStored)
class Mailer {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  handle({ frames }: FilmStored): void {
    this.journal.note('mail', frames.length);
  }
}

@EventsHandler(FilmStored)
class Ledger extends Mailer {}

/** More than a queue would take. */
export const FRAMES = [...Array.from({ length: 2999 }, (_, index) => 10n ** 400n + BigInt(index)), 2999n];
const providers = [Journal, Studio, StoreFilmHandler, Mailer, Ledger];

/** Counts what a store keeps. */
export class Counted implements ClaimCheckStore {
  readonly ids = new Set<string>();

  constructor(private readonly store: ClaimCheckStore) {}

  get isShared(): boolean {
    return this.store.isShared;
  }

  async put(id: string, payload: string, ttlMs: number): Promise<void> {
    await this.store.put(id, payload, ttlMs);
    this.ids.add(id);
  }

  get(id: string): Promise<string | undefined> {
    return this.store.get(id);
  }

  async remove(id: string): Promise<void> {
    await this.store.remove(id);
    this.ids.delete(id);
  }

  sweep(limit: number): Promise<number> {
    return this.store.sweep(limit);
  }

  async close(): Promise<void> {
    await this.store.close?.();
  }
}

/** Starts an application that keeps large payloads in a store, which is counted; behind one queue, with two attempts. */
export async function startStoring(
  mode: Mode,
  store: ClaimCheckStore = memoryClaimCheck(),
  options: Pick<DispatchOptions, 'deadLetters'> = {},
) {
  const counted = new Counted(store);
  const settings = { maxAttempts: 2, backoffMs: 1 };
  const claimCheck = { store: counted };
  const application = await startIn(mode, { providers, settings, options: { ...options, claimCheck } });
  const { app, queue = '' } = application;
  const [journal, studio, letters] = [app.get(Journal), app.get(Studio), app.get(DeadLetters)];
  return { ...application, queue, counted, journal, studio, letters };
}

/** Has a large message parked. @returns its letter, as a list has it */
export async function parkFilm(
  storing: Awaited<ReturnType<typeof startStoring>>,
  frames = FRAMES,
): Promise<DeadLetter> {
  const { dispatcher, letters, studio, queue } = storing;
  studio.isOpen = false;
  await dispatcher.send(new StoreFilm('a', frames));
  await until('it to be parked', async () => (await letters.count({ queue })) === 1);
  studio.isOpen = true;
  const [letter] = (await letters.list({ queue })).letters;
  if (letter === undefined) throw new Error('nothing is parked');
  return letter;
}
