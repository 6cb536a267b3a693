import { Envelope, type EnvelopeFacts } from '../../message/envelope.js';
import { MessageContext, type ContextOwner, type DeliveryFacts } from '../../message/message-context.js';
import type { MessageDefinition } from '../../message/message.decorator.js';
import type { MessageClass } from '../../message/message.js';
import { RunMode } from '../../message/run-mode.js';
import type { EntryData } from '../../run-modes/queue/entry-data.js';
import type { QueuedRunMode } from '../../run-modes/queue/queued-run-mode.js';
import type { EntryTarget, EntryTargets } from '../../run-modes/worker/entry-target.port.js';
import type { ObservedRunMode } from '../observed-run-mode.js';
import type { PlacedHandler, Routes } from '../routes.js';

/** What is needed to make messages of entries, and to run their handlers. */
export interface QueueEntriesParts {
  readonly routes: Routes;
  readonly runMode: ObservedRunMode;
  readonly owner: ContextOwner;
  readonly queued: QueuedRunMode;
  /** Tells those who watch all events. */
  readonly announce: (event: Envelope) => void;
  readonly toMessage: (target: MessageClass, plain: unknown) => object;
}

/** Finds the handlers of messages that come out of queues. */
export class QueueEntries implements EntryTargets {
  constructor(private readonly parts: QueueEntriesParts) {}

  find(data: EntryData, entryId: string): ReturnType<EntryTargets['find']> {
    const definition = this.parts.routes.named(data.name, data.version);
    if (definition === undefined) return { missing: `nothing in this process handles ${data.name} in that version` };
    const handlers = this.handlersOf(data, definition);
    if (handlers.length === 0) return { missing: `nothing in this process handles it as a ${data.kind}` };
    if (data.kind !== 'event') return this.target(data, { definition, handler: handlers[0], entryId });
    if (data.handler === undefined) return this.all(data, definition, handlers);
    const handler = handlers.find(({ facts }) => facts.key === data.handler);
    return handler === undefined
      ? { missing: `its handler ${data.handler} is not in this process` }
      : this.target(data, { definition, handler, entryId });
  }

  async fanOut(data: EntryData, entryId: string, queue: string): Promise<void> {
    const { routes, queued, toMessage } = this.parts;
    const definition = routes.named(data.name, data.version);
    if (definition === undefined) return;
    const message = toMessage(definition.target, data.payload);
    const envelope = Envelope.restore(message, definition, data.kind, {
      ...factsOf(data, entryId),
      ...(data.timeoutMs !== undefined && { timeoutMs: data.timeoutMs }),
    });
    const posts = this.handlersOf(data, definition).map(({ facts, placement }) => {
      const own = placement.runMode === RunMode.Async ? placement.queue : queue;
      const to = { queue: own, handler: facts.key, priority: placement.priority };
      return queued.post(envelope, to, { delayMs: 0, deduplicationId: undefined, isForwarded: true });
    });
    await Promise.all(posts);
    // Of what a schedule sends nobody has told those yet who watch all events; whoever published another has.
    if (data.id === undefined) this.parts.announce(envelope);
  }

  /** A message that cannot be read is found out here: it is parked once, and not by each of its handlers. */
  private all(
    { payload }: EntryData,
    { target }: MessageDefinition,
    handlers: readonly PlacedHandler[],
  ): { readonly handlers: readonly string[] } {
    this.parts.toMessage(target, payload);
    return { handlers: handlers.map(({ facts }) => facts.key) };
  }

  private handlersOf({ kind }: EntryData, { target }: MessageDefinition): readonly PlacedHandler[] {
    if (kind === 'event') return this.parts.routes.event(target).handlers;
    const route = this.parts.routes.single(kind, target);
    return route === undefined ? [] : [route.handler];
  }

  private target(
    data: EntryData,
    {
      definition,
      handler,
      entryId,
    }: { definition: MessageDefinition; handler: PlacedHandler | undefined; entryId: string },
  ): EntryTarget | { readonly missing: string } {
    if (handler === undefined) return { missing: 'nothing in this process handles it' };
    const { runMode, owner, toMessage } = this.parts;
    const message = toMessage(definition.target, data.payload);
    return {
      handler,
      message,
      contextOf: (delivery: DeliveryFacts, timeoutMs: number) => {
        const facts = { ...factsOf(data, entryId), timeoutMs: data.timeoutMs ?? limitOf(handler, timeoutMs) };
        const envelope = Envelope.restore(message, definition, data.kind, facts);
        return new MessageContext(envelope, handler.facts, undefined, owner, delivery);
      },
      run: (context) => runMode.run(handler, context),
    };
  }
}

function factsOf({ id, sentAt, headers, key, priority }: EntryData, entryId: string): EnvelopeFacts {
  return {
    id: id ?? entryId,
    sentAt: sentAt ?? new Date(),
    headers,
    ...(key !== undefined && { key }),
    ...(priority !== undefined && { priority }),
  };
}

/** A handler's own limit comes first, then that of the module where there is one, then that of the queue. */
function limitOf({ ownTimeoutMs, facts }: PlacedHandler, queueTimeoutMs: number): number {
  return ownTimeoutMs ?? (facts.timeoutMs > 0 ? facts.timeoutMs : queueTimeoutMs);
}
