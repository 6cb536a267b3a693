import { setTimeout } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import { AmbientContext, Command, CommandHandler } from 'nestjs-dispatch';

import { newQueue, SHARED_MODES, startIn } from '../e2e/run-modes/modes.js';

class Export extends Command<readonly string[]> {}

/** A service that is handed no context, as a logger or a repository. */
@Injectable()
class Log {
  constructor(@Inject(AmbientContext) private readonly ambient: AmbientContext) {}

  /** Who it works for, asked again after a wait and in a callback of a timer. */
  async whoseWork(): Promise<string[]> {
    const seen = [this.now()];
    await setTimeout(1);
    seen.push(this.now());
    await new Promise<void>((resolve) => {
      globalThis.setTimeout(() => resolve(void seen.push(this.now())), 1);
    });
    return seen;
  }

  private now(): string {
    const { correlationId, headers } = this.ambient.current ?? {};
    return [correlationId, headers?.tenant, headers?.traceparent].join(' ');
  }
}

@CommandHandler(Export)
class ExportHandler {
  constructor(@Inject(Log) private readonly log: Log) {}

  execute(): Promise<readonly string[]> {
    return this.log.whoseWork();
  }
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

// There, what CLS or a tracer keeps ends at the queue: the worker knows neither the request nor the tenant.
describe.each(SHARED_MODES)('the context of a sender, $name (Papooch/nestjs-cls#76)', (mode) => {
  it('is that of the worker in another application, wherever it is asked for, apart for each message', async () => {
    const queue = newQueue();
    const providers = [Log, ExportHandler];
    const settings = { concurrency: 2 };
    const { dispatcher } = await startIn(mode, { queue, settings, providers, options: { role: 'send' } });
    await startIn(mode, { queue, settings, providers });
    const send = (tenant: string) =>
      dispatcher.execute(new Export(), { correlationId: `request of ${tenant}`, headers: { tenant, traceparent } });
    const seen = await Promise.all([send('acme'), send('umbrella')]);
    const of = (tenant: string) => Array.from({ length: 3 }, () => `request of ${tenant} ${tenant} ${traceparent}`);
    expect(seen).toEqual([of('acme'), of('umbrella')]);
  });
});
