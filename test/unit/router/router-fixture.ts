import { jest } from '@jest/globals';

import type { KeyedDispatch, KeyedRoute } from '../../../lib/dispatcher/keyed-route.js';
import { definitionOf } from '../../../lib/message/message.decorator.js';
import type { HandlerContext } from '../../../lib/message/message-context.js';
import type { MessageClass } from '../../../lib/message/message.js';
import { MessageRouter, type MessageRouterOptions } from '../../../lib/router/message-router.js';
import type { RefusalFact, ReplierFailedFact } from '../../../lib/router/router-observer.js';
import { hasFields } from '../../../lib/router/sources/discriminators.js';
import { jsonInspector } from '../../../lib/router/sources/inspector.js';
import { defineSource, type RoutedMessage, type SourceDefinition } from '../../../lib/router/sources/source.js';
import type { SourceHooks } from '../../../lib/router/hooks.js';
import type { View } from '../../../lib/router/sources/view.js';

export class Push {
  readonly ref: string = '';
}

/** A dispatcher that knows the key `push` (version 1) and hands `Push` to `handle`. */
export function routerWith(overrides: Partial<MessageRouterOptions> = {}) {
  const route: KeyedRoute = { kind: 'command', definition: definitionOf(Push) };
  const handle = jest.fn<KeyedDispatch['dispatchTo']>().mockResolvedValue('done');
  const facts = {
    skipped: [] as RefusalFact[],
    refused: [] as RefusalFact[],
    replierFailed: [] as ReplierFailedFact[],
  };
  const logger = { error: jest.fn(), warn: jest.fn(), debug: jest.fn() };
  const router = new MessageRouter({
    dispatch: {
      routeFor: (key, version) => (key === 'push' && (version ?? 1) === 1 ? route : undefined),
      dispatchTo: handle,
      runFunction,
      noteFunction: () => undefined,
    },
    toMessage,
    observer: {
      skipped: (fact) => facts.skipped.push(fact),
      refused: (fact) => facts.refused.push(fact),
      replierFailed: (fact) => facts.replierFailed.push(fact),
    },
    maxPayloadBytes: 1000,
    defaultInspector: jsonInspector(),
    logger,
    ...overrides,
  });
  return { router, handle, facts, logger, logged: logger.error, route };
}

/** As the dispatcher does it, with a context that knows nothing. */
export const runFunction: KeyedDispatch['runFunction'] = async (_message, work) => work({} as HandlerContext);

/** A source `hub` for every message with a field `key`. */
export function hubSource(overrides: Partial<SourceDefinition & SourceHooks> = {}) {
  return defineSource({ name: 'hub', match: hasFields('key'), parse: hubMessage, ...overrides });
}

/** Reads key, version and payload from fields of these names. */
export function hubMessage(view: View): RoutedMessage {
  const { key, version, payload } = view.value as RoutedMessage;
  return { key, payload, ...(version !== undefined && { version }) };
}

export const goodMessage = JSON.stringify({ key: 'push', payload: { ref: 'main' } });

/** What a rejected promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

function toMessage(target: MessageClass, plain: unknown): object {
  if (typeof plain !== 'object' || plain === null) throw new TypeError('not an object');
  return Object.assign(Object.create(target.prototype as object) as object, plain);
}
