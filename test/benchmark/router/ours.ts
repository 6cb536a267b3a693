import { Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Command,
  CommandHandler,
  Dispatcher,
  DispatchModule,
  isDispatchError,
  type HandlerContext,
  type ICommandHandler,
  type TransportMeta,
} from 'nestjs-dispatch';

import type { ContextCase } from '../core/ours.js';
import type { Scenario } from '../scenario.js';
import { applicationOf } from './applications.js';
import { githubPayloads, medianOf, megabyte, type Payload } from './payloads.js';
import { sourcesWithGithub } from './sources.js';

const payloads = githubPayloads();
const keys = [...new Set(payloads.map(({ event }) => `github/${event}`))];

class TakeWebhook extends Command<number> {}

@CommandHandler(TakeWebhook, { keys })
class TakeWebhookHandler implements ICommandHandler<TakeWebhook> {
  async execute(webhook: TakeWebhook) {
    return Number(webhook instanceof TakeWebhook);
  }
}

class Trace extends Command<string> {}

/** Takes the context, for which it is kept for all messages. */
@CommandHandler(Trace)
class TraceHandler implements ICommandHandler<Trace> {
  async execute(_: Trace, context: HandlerContext) {
    return context.name;
  }
}

/** Each scenario is the whole way of the bytes, from `process` to its result. */
export async function ourScenarios(contextCase: ContextCase, application: string): Promise<readonly Scenario[]> {
  const { handler, count } = applicationOf(application);
  const isFunction = handler === 'function';
  const dispatcher = await start(contextCase, count, isFunction ? [] : [TakeWebhookHandler]);
  if (isFunction) for (const key of keys) dispatcher.on(key, () => 1);
  const scenarios = [
    webhooks(`median, ${application}`, dispatcher, [medianOf(payloads)]),
    webhooks(`all, ${application}`, dispatcher, payloads),
  ];
  return isFunction ? [...scenarios, unmatched(`unmatched 1 MB, ${count}`, dispatcher)] : scenarios;
}

async function start(contextCase: ContextCase, sourceCount: number, providers: Provider[]): Promise<Dispatcher> {
  const context = contextCase === 'explicit' ? 'explicit' : 'ambient';
  const sources = sourcesWithGithub(sourceCount);
  const all = contextCase === 'kept' ? [...providers, TraceHandler] : providers;
  @Module({ imports: [DispatchModule.forRoot({ context, sources, maxPayloadBytes: 2_097_152 })], providers: all })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const dispatcher = app.get(Dispatcher);
  // From the first message on, every promise of the process pays for it.
  if (contextCase === 'kept') await dispatcher.execute(new Trace());
  return dispatcher;
}

function webhooks(name: string, dispatcher: Dispatcher, list: readonly Payload[]): Scenario {
  const incoming = list.map(({ event, raw }) => ({ raw, meta: { headers: requestHeaders(event, raw) } }));
  return {
    name,
    messagesPerOperation: incoming.length,
    async run(operations) {
      let handled = 0;
      for (let index = 0; index < operations; index += 1) {
        for (const { raw, meta } of incoming) handled += Number((await dispatcher.process(raw, meta)).result);
      }
      return handled;
    },
  };
}

function unmatched(name: string, dispatcher: Dispatcher): Scenario {
  const raw = megabyte();
  return {
    name,
    async run(operations) {
      let refused = 0;
      for (let index = 0; index < operations; index += 1) {
        await dispatcher.process(raw).catch((error: unknown) => {
          if (isDispatchError(error, 'DISPATCH_NO_SOURCE')) refused += 1;
        });
      }
      return refused;
    },
  };
}

/** What GitHub sends beside the body. */
function requestHeaders(event: string, raw: Buffer): NonNullable<TransportMeta['headers']> {
  return {
    host: 'shop.example',
    'user-agent': 'GitHub-Hookshot/044aadd',
    accept: '*/*',
    'content-type': 'application/json',
    'content-length': String(raw.length),
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-github-event': event,
    'x-github-hook-id': '292430182',
    'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
  };
}
