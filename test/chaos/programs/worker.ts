import 'reflect-metadata';

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import {
  Behavior,
  CommandHandler,
  deadLetter,
  DispatchModule,
  Idempotent,
  OnError,
  retry,
  UnrecoverableError,
  type HandlerContext,
  type Next,
  type PipelineBehavior,
} from '../../../lib/index.js';
import { JournalWriter } from '../../processes/journal.js';
import { backendAt } from '../../processes/stores.js';
import { openEffects } from '../effects.js';
import type { ChaosEvent } from './events.js';
import { IdempotentWork, Killer, PlainWork, type Work } from './messages.js';
import { relayingOutbox } from './outbox.js';
import { optionsOf, type WorkerConfig } from './setup.js';
import { Strikes, type Strike } from './strikes.js';
import { striking } from './striking-backend.js';

/** How many of a hundred attempts fail. */
const FAIL_PERCENT = 5;
/** Longer in all than a store is away. */
const PATIENCE = retry('50ms', '100ms', '200ms', '400ms', '800ms', '1s', '1s', '1s', '1s');

// Its parent makes it of this very type.
const config = JSON.parse(process.argv[2] ?? '{}') as WorkerConfig;
const journal = new JournalWriter<ChaosEvent>(config.folder, config.name);
const strikes = new Strikes(journal);
// Nobody is left to look at it.
process.once('disconnect', () => process.exit(1));
process.on('message', (armed: readonly Strike[]) => strikes.arm(armed));
const effects = await openEffects(config.store);

/** How a handler does what could be done twice. */
interface Care {
  /** Calls the outside world, which keeps no account of it. */
  call(): Promise<void>;
  /** Has the effect. */
  effect(): Promise<void>;
}

/** Stands before everything else that stands around handlers: the attempt is counted, and nothing has begun. */
@Behavior({ priority: -1000 })
@Injectable()
class Counted implements PipelineBehavior {
  handle({ id }: HandlerContext, next: Next): Promise<unknown> {
    strikes.reached('counted', id);
    return next();
  }
}

@Idempotent()
@OnError(UnrecoverableError, deadLetter())
@OnError(Error, PATIENCE)
@CommandHandler(IdempotentWork)
class IdempotentHandler {
  execute({ work }: IdempotentWork, context: HandlerContext): Promise<void> {
    return perform(work, context, {
      call: () => context.once('call', () => note('called', work, context)),
      effect: () => effects.addOnce(context.id, context.idempotencyKey),
    });
  }
}

@OnError(UnrecoverableError, deadLetter())
@OnError(Error, PATIENCE)
@CommandHandler(PlainWork)
class PlainHandler {
  execute({ work }: PlainWork, context: HandlerContext): Promise<void> {
    return perform(work, context, {
      call: async () => note('called', work, context),
      effect: () => effects.add(context.id),
    });
  }
}

@CommandHandler(Killer)
class KillerHandler {
  async execute(_killer: Killer, { id }: HandlerContext): Promise<void> {
    await delay(5);
    strikes.kill('killer', id);
  }
}

const backend = striking(backendAt(config.store, 'fail'), strikes, journal);

@Module({
  imports: [DispatchModule.forRoot(optionsOf(config, 'work', backend, relayingOutbox(config.store, strikes)))],
  providers: [Counted, IdempotentHandler, PlainHandler, KillerHandler],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
journal.write({ event: 'ready', id: '' });

function note(event: ChaosEvent, { sequence }: Work, { id, key, attempt }: HandlerContext, detail?: string): void {
  journal.write({ event, id, key, sequence, attempt, detail });
}

async function perform(work: Work, context: HandlerContext, care: Care): Promise<void> {
  note('started', work, context);
  try {
    await delay(work.ms);
    if (work.isPoison) fail(context);
    const luck = luckOf(context);
    if (luck < FAIL_PERCENT / 2) throw new Error('This attempt fails before its call.');
    await care.call();
    if (luck < FAIL_PERCENT) throw new Error('This attempt fails after its call.');
    strikes.reached('handling', context.id);
    await care.effect();
  } catch (error) {
    note('failed', work, context, error instanceof Error ? error.message : String(error));
    throw error;
  }
  note('done', work, context);
  strikes.reached('committed', context.id);
}

function fail({ attempt }: HandlerContext): never {
  throw attempt === 1 ? new Error('It fails at first.') : new UnrecoverableError('It always fails.');
}

/** From 0 to below 100, by the seed, the message and the attempt. */
function luckOf({ id, attempt }: HandlerContext): number {
  const hash = createHash('sha1').update(`${config.seed} ${id} ${attempt}`).digest();
  return (hash.readUInt16BE() / 65_536) * 100;
}
