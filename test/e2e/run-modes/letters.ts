import { Inject, Injectable } from '@nestjs/common';
import { IsInt } from 'class-validator';
import {
  Command,
  CommandHandler,
  DeadLetters,
  deadLetter,
  Event,
  EventsHandler,
  Message,
  OnError,
  type DeadLetter,
  type HandlerContext,
} from 'nestjs-dispatch';

import { until } from '../../unit/run-modes/queued-application.js';
import { startIn, type Mode, type ModeApplication, type ModeSetup } from './modes.js';
import { Journal } from './orders.js';

/** What is broken at present: handlers fail at messages of such a name. */
@Injectable()
export class Faults {
  readonly broken = new Set<string>();
  /** Each time a handler began: `name attempt correlation`. */
  readonly begun: string[] = [];

  meet(flaw: string, { attempt, headers }: HandlerContext): void {
    this.begun.push(`${flaw} ${attempt} ${headers.correlationId}`);
    if (this.broken.has(flaw)) throw new CourierError(`no courier for ${flaw} 配達`);
  }
}

export class CourierError extends Error {
  override readonly name = 'CourierError';
  readonly code = 'NO_COURIER';
}

@Message('letters.ship')
export class Ship extends Command<string> {
  constructor(
    readonly flaw: string,
    readonly at: Date = new Date('2024-05-06T07:08:09.010Z'),
  ) {
    super();
  }
}

@CommandHandler(Ship)
export class ShipHandler {
  constructor(@Inject(Faults) private readonly faults: Faults) {}

  execute({ flaw, at }: Ship, context: HandlerContext): string {
    this.faults.meet(flaw, context);
    return `shipped ${flaw} at ${at.toISOString()}`;
  }
}

@Message('letters.bill')
@OnError(CourierError, deadLetter('bank'))
export class Bill extends Command<string> {
  constructor(readonly flaw: string) {
    super();
  }
}

@CommandHandler(Bill)
export class BillHandler {
  constructor(@Inject(Faults) private readonly faults: Faults) {}

  execute({ flaw }: Bill, context: HandlerContext): string {
    this.faults.meet(flaw, context);
    return `billed ${flaw}`;
  }
}

@Message('letters.count')
export class Count extends Command {
  @IsInt() readonly count!: number;

  static of(count: unknown): Count {
    return Object.assign(new Count(), { count });
  }
}

@CommandHandler(Count)
export class CountHandler {
  constructor(@Inject(Journal) private readonly journal: Journal) {}

  execute({ count }: Count): void {
    this.journal.note(count);
  }
}

export class Shipped extends Event {
  constructor(readonly flaw: string) {
    super();
  }
}

@EventsHandler(Shipped)
export class TellCustomer {
  constructor(@Inject(Faults) private readonly faults: Faults) {}

  handle({ flaw }: Shipped, context: HandlerContext): void {
    this.faults.meet(flaw, context);
  }
}

/** An application with dead letters. */
export interface LetterApplication extends ModeApplication {
  readonly queue: string;
  readonly letters: DeadLetters;
  readonly faults: Faults;
}

/** Starts an application in which shipping, billing and telling fail at what is broken. */
export async function startLetters(mode: Mode, setup: ModeSetup = {}): Promise<LetterApplication> {
  const providers = [Journal, Faults, ShipHandler, BillHandler, CountHandler, TellCustomer, ...(setup.providers ?? [])];
  const application = await startIn(mode, { ...setup, providers });
  const { app, queue = '' } = application;
  return { ...application, queue, letters: app.get(DeadLetters), faults: app.get(Faults) };
}

/** Sends what will fail, one after the other, and waits until it is parked. */
export async function parkAll(
  { dispatcher, letters, faults, queue }: LetterApplication,
  flaws: readonly string[],
  make: (flaw: string) => object = (flaw) => new Ship(flaw),
): Promise<void> {
  for (const flaw of flaws) {
    faults.broken.add(flaw);
    const before = await letters.count({ queue });
    const message = make(flaw);
    const sent = Date.now();
    await (message instanceof Event ? dispatcher.publish(message) : dispatcher.send(message));
    // One after the other, and each in a millisecond of its own: by these they are ordered.
    const isParked = async (): Promise<boolean> => (await letters.count({ queue })) > before && Date.now() > sent + 1;
    await until('it to be parked', isParked);
  }
}

/** The flaws of letters, in their order. */
export function flawsOf(letters: readonly DeadLetter[]): string[] {
  return letters.map(({ message }) => String((message?.payload as { readonly flaw?: string } | undefined)?.flaw));
}
