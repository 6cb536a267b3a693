import 'reflect-metadata';

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import {
  CommandHandler,
  DispatchModule,
  Idempotent,
  isDispatchError,
  Transactional,
  Transactions,
  type HandlerContext,
} from '../../../../lib/index.js';
import type { PostgresTransactionClient } from '../../../../lib/integrations/postgres/index.js';
import { JournalWriter } from '../../../processes/journal.js';
import { dispatchOptions, type SceneConfig, type SceneEvent } from './application.js';
import { Apply, ApplyOnce, Write, type Act, type Applied } from './messages.js';

const POLL_MS = 5;

// Its parent makes it of this very type.
const config = JSON.parse(process.argv[2] ?? '{}') as SceneConfig;
const journal = new JournalWriter<SceneEvent>(config.folder, config.name);
// Nobody is left to look at it.
process.once('disconnect', () => process.exit(1));

@CommandHandler(Apply)
class ApplyHandler {
  async execute(command: Apply, context: HandlerContext): Promise<Applied> {
    const { id, key, attempt } = context;
    const note = (event: SceneEvent, detail?: string): void =>
      journal.write({ event, id, key, sequence: command.sequence, attempt, detail });
    note('started');
    try {
      await perform(command.act, context);
      if (isUnlucky(context)) throw new Error('This attempt fails by its number.');
    } catch (error) {
      note(context.signal.aborted ? 'aborted' : 'failed', isDispatchError(error) ? error.code : undefined);
      throw error;
    }
    note('done');
    return { by: config.name, attempt };
  }
}

@Idempotent({ key: keyOf })
@CommandHandler(ApplyOnce)
class ApplyOnceHandler {
  async execute({ act }: ApplyOnce, context: HandlerContext): Promise<Applied> {
    const { id, attempt } = context;
    journal.write({ event: 'started', id, attempt });
    await perform(act, context);
    journal.write({ event: 'done', id, attempt });
    return { by: config.name, attempt };
  }
}

@Transactional()
@CommandHandler(Write)
class WriteHandler {
  constructor(@Inject(Transactions) private readonly transactions: Transactions<PostgresTransactionClient>) {}

  async execute({ act, phase }: Write, context: HandlerContext): Promise<Applied> {
    const { id, attempt } = context;
    const { client, current } = this.transactions;
    await client.query(`INSERT INTO "${config.effects?.scope}".effects VALUES ($1)`, [id]);
    current?.afterCommit(async () => {
      journal.write({ event: 'done', id, attempt });
      if (phase === 'afterCommit') await perform(act, context);
    });
    journal.write({ event: 'started', id, attempt });
    if (phase === 'beforeCommit') await perform(act, context);
    return { by: config.name, attempt };
  }
}

/** Asked before the store is: from now on the message waits where another one has its key. */
function keyOf({ effect }: ApplyOnce, { id, attempt }: HandlerContext): string {
  journal.write({ event: 'asked', id, attempt });
  return effect;
}

@Module({
  imports: [DispatchModule.forRoot(dispatchOptions(config, 'work'))],
  providers: [ApplyHandler, ApplyOnceHandler, ...(config.effects === undefined ? [] : [WriteHandler])],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
journal.write({ event: 'ready', id: '' });

async function perform(act: Act, { signal, attempt }: HandlerContext): Promise<void> {
  switch (act.kind) {
    case 'work':
      return delay(act.ms);
    case 'gate':
      return waitFor(() => existsSync(path.join(config.folder, act.gate)), signal);
    case 'refuse':
      if (existsSync(path.join(config.folder, act.gate))) return;
      throw new Error(`The gate ${act.gate} is closed.`);
    case 'abort':
      return attempt === 1 ? waitFor(() => false, signal) : undefined;
    case 'exit':
      await delay(act.afterMs);
      process.exit(1);
    case 'vanish':
      if (attempt === 1) setTimeout(() => process.kill(process.pid, 'SIGKILL'), act.afterMs);
  }
}

async function waitFor(isOver: () => boolean, signal: AbortSignal): Promise<void> {
  while (!isOver()) {
    signal.throwIfAborted();
    await delay(POLL_MS);
  }
}

/** Decided by the message and the attempt, so that a run can be repeated. */
function isUnlucky({ id, attempt }: HandlerContext): boolean {
  const [byte = 0] = createHash('sha1').update(`${id} ${attempt}`).digest();
  return byte < config.failPercent * 2.56;
}
