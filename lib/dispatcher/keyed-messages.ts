import { takesOneArgument } from '../common/takes-one-argument.js';
import type { AmbientStore } from '../message/ambient-context.js';
import { Envelope } from '../message/envelope.js';
import { MessageContext, type HandlerContext, type SendOptions } from '../message/message-context.js';
import type { Command, Query } from '../message/message.js';
import { RunMode } from '../message/run-mode.js';
import type { DecisionLog } from '../notifications/decisions/decision-log.js';
import type { KeyedDispatch, KeyedPayload, KeyedRoute } from './keyed-route.js';
import type { MessageDispatch } from './message-dispatch.js';
import type { ObservedRunMode } from './observed-run-mode.js';
import type { KeyHandler } from './raw-intake.js';
import type { Routes } from './routes.js';

/** What a function for a foreign message has not: whoever sent the message tries again. */
const UNGOVERNED = {
  invokeBare: undefined,
  ownTimeoutMs: 0,
  phase: undefined,
  failureRules: { handlerRules: [], messageRules: [] },
  inTurn: undefined,
  failureTable: () => [],
  onFailed: undefined,
} as const;

/** Where functions run. */
const BECAUSE = 'the function that handles it, which has no queue';
const IN_TURN = { runMode: RunMode.Sync, queue: '', reasons: { runMode: BECAUSE, queue: BECAUSE } };

/** What messages known by a key are dispatched with. */
export interface KeyedMessagesParts {
  readonly dispatch: MessageDispatch;
  readonly routes: Routes;
  readonly runMode: ObservedRunMode;
  readonly ambient: AmbientStore;
  readonly decisions: DecisionLog;
}

/** Takes messages to their handlers that are known by a key: those the router has made of foreign ones. */
export class KeyedMessages implements KeyedDispatch {
  constructor(private readonly parts: KeyedMessagesParts) {}

  routeFor(key: string, version: number | undefined): KeyedRoute | undefined {
    return this.parts.routes.byKey(key, version);
  }

  dispatchTo({ kind }: KeyedRoute, message: object, options: SendOptions): Promise<unknown> {
    const { dispatch } = this.parts;
    dispatch.admitLate(message);
    switch (kind) {
      case 'command':
        return dispatch.execute(message as Command<unknown>, options);
      case 'query':
        return dispatch.query(message as Query, options);
      case 'event':
        return dispatch.takeIn(message, options);
    }
  }

  noteFunction(work: KeyHandler): void {
    if (!takesOneArgument(work)) this.parts.ambient.want();
  }

  runFunction({ key, payload, options }: KeyedPayload, work: (context: HandlerContext) => unknown): Promise<unknown> {
    const message = typeof payload === 'object' && payload !== null ? payload : {};
    const definition = { target: Object, name: key, version: 1, schema: undefined, sensitive: [], keyOf: undefined };
    const facts = { name: `the function for "${key}"`, key, timeoutMs: 0 };
    const handler = { ...UNGOVERNED, facts, invoke: work, invokeLimited: work };
    const envelope = new Envelope(message, definition, 'command', undefined, options);
    if (this.parts.decisions.active) this.parts.decisions.routed(envelope, key, IN_TURN);
    return this.parts.runMode.run(handler, new MessageContext(envelope, facts, undefined, this.parts.dispatch));
  }
}
