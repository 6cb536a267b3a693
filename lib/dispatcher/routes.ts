import { Logger } from '@nestjs/common';

import { WiringError, type WiringMistake } from '../handlers/errors.js';
import { phaseBehindQueue } from '../handlers/handler-mistakes.js';
import type { HandlerRegistry, RegisteredHandler } from '../handlers/handler-registry.js';
import type { ProviderDiscovery } from '../handlers/provider-discovery.js';
import type { MessageDefinition } from '../message/message.decorator.js';
import type { MessageClass } from '../message/message.js';
import { RunMode } from '../message/run-mode.js';
import type { PreparedHandler } from '../run-modes/sync-run-mode.js';
import type { KeyedRoute } from './keyed-route.js';
import type { Placement, Placements } from './queued/placement.js';

/** Makes handlers ready to run; done by the pipeline, which lies below the run modes. */
export interface Preparation {
  prepare(handler: RegisteredHandler, definition: MessageDefinition, key: string): PreparedHandler;
  /** Looks a handler over before any message comes. @returns what keeps it from being run as it asks to be */
  check(handler: RegisteredHandler): readonly WiringMistake[];
}

/** A handler that can run, and where it does so unless the call says otherwise. */
export interface PlacedHandler extends PreparedHandler {
  readonly placement: Placement;
}

/** Where a command or query goes. */
export interface SingleRoute {
  readonly kind: 'command' | 'query';
  readonly definition: MessageDefinition;
  readonly handler: PlacedHandler;
}

/** Where an event goes; the list is empty where nobody handles it. */
export interface EventRoute {
  readonly definition: MessageDefinition;
  readonly handlers: readonly PlacedHandler[];
  /** How many of them run behind a queue. */
  readonly queuedCount: number;
}

/**
 * The way from a message class to its handlers. Worked out once per class, then a look-up in a map; modules loaded
 * later are found at the next message.
 */
export class Routes {
  private readonly logger = new Logger('Dispatch');
  private readonly commands = new Map<unknown, SingleRoute>();
  private readonly queries = new Map<unknown, SingleRoute>();
  private readonly events = new Map<unknown, EventRoute>();
  /** What a message sent before bootstrap brought to light; a scan finds a provider once, so it is kept for `build`. */
  private readonly foundEarly: WiringMistake[] = [];
  private isBuilt = false;

  constructor(
    private readonly discovery: ProviderDiscovery,
    private readonly registry: HandlerRegistry,
    private readonly preparation: Preparation,
    private readonly placements: Placements,
  ) {}

  /** Finds and prepares every handler there is. @returns all mistakes in the wiring, of every stage. */
  build(): readonly WiringMistake[] {
    this.isBuilt = true;
    return [...this.foundEarly.splice(0), ...(this.discovery.scan() ?? []), ...this.prepareAll()];
  }

  /** @returns undefined where no handler is known */
  single(kind: 'command' | 'query', target: unknown): SingleRoute | undefined {
    this.refresh();
    const known = (kind === 'command' ? this.commands : this.queries).get(target);
    return known ?? this.makeSingle(kind, target);
  }

  event(target: MessageClass): EventRoute {
    this.refresh();
    return this.events.get(target) ?? this.makeEvent(target);
  }

  byKey(key: string, version: number | undefined): KeyedRoute | undefined {
    this.refresh();
    return this.registry.findKey(key, version);
  }

  /** The message class of a wire name that some handler here knows; undefined where none does. */
  named(name: string, version: number): MessageDefinition | undefined {
    this.refresh();
    return this.registry.messages.find(name, version);
  }

  /** Whether the wire name of a message class leads back to it, as it must behind a queue. */
  knows(target: MessageClass): boolean {
    return this.registry.knows(target);
  }

  /** Every handler there is, with its message. */
  *placed(): Iterable<{ readonly definition: MessageDefinition; readonly handler: PlacedHandler }> {
    for (const { definition, handler } of [...this.commands.values(), ...this.queries.values()]) {
      yield { definition, handler };
    }
    for (const { definition, handlers } of this.events.values()) {
      for (const handler of handlers) yield { definition, handler };
    }
  }

  /** Looks for modules loaded since; every look-up here does so by itself. */
  refresh(): void {
    if (this.discovery.isStale) this.rebuild();
  }

  definition(target: MessageClass): MessageDefinition {
    return this.registry.messages.definition(target);
  }

  /** After start-up nobody is there to catch mistakes of a module loaded later: they are logged, the first handler stays. */
  private rebuild(): void {
    const found = this.discovery.scan();
    if (found === undefined) return;
    if (!this.isBuilt) this.foundEarly.push(...found);
    const mistakes = [...found, ...this.prepareAll()];
    if (mistakes.length > 0) this.logger.error(new WiringError(mistakes).message);
  }

  /** Looks all handlers over and composes their pipelines, so that the first message costs no more than the next. */
  private prepareAll(): WiringMistake[] {
    this.forget();
    const mistakes: WiringMistake[] = [];
    const checked = new Set<RegisteredHandler>();
    for (const [kind, target] of this.registry.entries()) {
      const handlers = kind === 'event' ? this.registry.handlersOf(target) : [this.registry.handlerOf(kind, target)];
      for (const handler of handlers) {
        if (handler === undefined || checked.has(handler)) continue;
        checked.add(handler);
        mistakes.push(...this.preparation.check(handler), ...this.misplaced(handler, target));
      }
      if (kind === 'event') this.makeEvent(target);
      else this.makeSingle(kind, target);
    }
    return mistakes;
  }

  private misplaced(handler: RegisteredHandler, target: MessageClass): WiringMistake[] {
    const { phase } = handler.options;
    if (phase === undefined) return [];
    const { runMode } = this.placements.of(this.definition(target), handler);
    const mistake = runMode === RunMode.Async ? phaseBehindQueue(handler.provider, phase) : undefined;
    return mistake === undefined ? [] : [mistake];
  }

  private forget(): void {
    this.commands.clear();
    this.queries.clear();
    this.events.clear();
  }

  private makeSingle(kind: 'command' | 'query', target: unknown): SingleRoute | undefined {
    if (typeof target !== 'function') return undefined;
    const messageClass = target as unknown as MessageClass;
    const handler = this.registry.handlerOf(kind, messageClass);
    if (handler === undefined) return undefined;
    const definition = this.definition(messageClass);
    const route = {
      kind,
      definition,
      handler: this.place(handler, definition, handler.provider.type.name),
    };
    (kind === 'command' ? this.commands : this.queries).set(target, route);
    return route;
  }

  private makeEvent(target: MessageClass): EventRoute {
    const definition = this.definition(target);
    const registered = this.registry.handlersOf(target);
    const keys = keysOf(registered);
    const handlers = registered.map((handler, index) =>
      this.place(handler, definition, keys[index] ?? handler.provider.type.name),
    );
    const queuedCount = handlers.filter(({ placement }) => placement.runMode === RunMode.Async).length;
    const route = { definition, handlers, queuedCount };
    this.events.set(target, route);
    return route;
  }

  private place(handler: RegisteredHandler, definition: MessageDefinition, key: string): PlacedHandler {
    const prepared = this.preparation.prepare(handler, definition, key);
    const placement = this.placements.of(definition, handler);
    // The short way of the caller's turn must not be open to a message that goes through a queue.
    return placement.runMode === RunMode.Sync
      ? { ...prepared, placement }
      : { ...prepared, invokeBare: undefined, placement };
  }
}

/** Tells the handlers of one event apart: by class name, with the module where two share that, with a number at last. */
function keysOf(handlers: readonly RegisteredHandler[]): string[] {
  const names = handlers.map(({ provider }) => provider.type.name);
  const labels = names.map((name, index) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${handlers[index]?.provider.moduleName}/${name}`,
  );
  return labels.map((label, index) => {
    const earlier = labels.slice(0, index).filter((other) => other === label).length;
    return earlier === 0 ? label : `${label}/${earlier + 1}`;
  });
}
