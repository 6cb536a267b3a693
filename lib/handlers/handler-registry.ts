import type { MessageDefinition } from '../message/message.decorator.js';
import { MessageRegistry } from '../message/message-registry.js';
import type { MessageClass, MessageKind } from '../message/message.js';
import type { DiscoveredProvider } from './discovered-provider.js';
import type { WiringMistake } from './errors.js';
import { handlerDeclarationsOf, type HandlerDeclaration } from './handler.decorators.js';
import { KeyTable, type KeyTarget } from './key-table.js';

/** A provider that handles messages of some classes, as its decorator says. */
export interface RegisteredHandler {
  readonly kind: MessageKind;
  readonly provider: DiscoveredProvider;
  readonly method: 'execute' | 'handle';
  readonly options: HandlerDeclaration['options'];
}

/** All handlers of an application, by the class of the message they handle. */
export class HandlerRegistry {
  readonly messages = new MessageRegistry();
  private readonly keys = new KeyTable();
  private readonly single = {
    command: new Map<MessageClass, RegisteredHandler>(),
    query: new Map<MessageClass, RegisteredHandler>(),
  };
  private readonly events = new Map<MessageClass, RegisteredHandler[]>();

  /** Adds what the providers declare. Of two that contradict each other the first stays, and a mistake is returned. */
  add(providers: readonly DiscoveredProvider[]): WiringMistake[] {
    const mistakes: WiringMistake[] = [];
    for (const provider of providers) {
      for (const declaration of handlerDeclarationsOf(provider.type)) {
        mistakes.push(...this.addHandler(provider, declaration));
      }
    }
    return mistakes;
  }

  /** The one handler of a command or query class; subclasses are classes of their own. */
  handlerOf(kind: 'command' | 'query', target: MessageClass): RegisteredHandler | undefined {
    return this.single[kind].get(target);
  }

  /** The handlers of an event class: its own first, then polymorphic ones of its bases, nearest base first. */
  handlersOf(target: MessageClass): readonly RegisteredHandler[] {
    const found = [...(this.events.get(target) ?? [])];
    for (let base = baseOf(target); base !== undefined; base = baseOf(base)) {
      const polymorphic = (this.events.get(base) ?? []).filter(({ options }) => options.polymorphic === true);
      found.push(...polymorphic.filter((handler) => !found.some(({ provider }) => provider === handler.provider)));
    }
    return found;
  }

  /** The message class a router key stands for: a message name, or one of a handler's `keys`. */
  findKey(key: string, version: number | undefined): KeyTarget | undefined {
    return this.keys.find(key, version, this.messages);
  }

  /** Every message class that has a handler, with its kind. */
  *entries(): Iterable<readonly [MessageKind, MessageClass]> {
    for (const target of this.single.command.keys()) yield ['command', target];
    for (const target of this.single.query.keys()) yield ['query', target];
    for (const target of this.events.keys()) yield ['event', target];
  }

  private addHandler(provider: DiscoveredProvider, declaration: HandlerDeclaration): WiringMistake[] {
    const { kind, options } = declaration;
    const method = kind === 'event' ? 'handle' : 'execute';
    const targets = declaration.messages.filter(isMessageClass);
    if (targets.length === 0 || targets.length < declaration.messages.length) return [missingMessage(provider, kind)];
    if (!hasMethod(provider, method)) {
      return [
        {
          rule: 'missing-method',
          text: `${provider.label} handles ${targets[0]?.name} but has no method ${method}().`,
        },
      ];
    }
    const handler: RegisteredHandler = { kind, provider, method, options };
    const owner = { label: provider.label, keys: options.keys ?? [] };
    return targets.flatMap((target) => [
      ...this.addMessage(target),
      ...(kind === 'event' ? this.addEventHandler(target, handler) : this.addSingleHandler(kind, target, handler)),
      ...this.keys.add({ kind, definition: this.messages.definition(target) }, targets.length, owner),
    ]);
  }

  private addMessage(target: MessageClass): WiringMistake[] {
    const { definition, conflict } = this.messages.add(target);
    const mistakes: WiringMistake[] = [];
    if (conflict !== undefined && conflict.target !== target) mistakes.push(sameName(definition, conflict));
    if (definition.name === '' || !Number.isInteger(definition.version) || definition.version < 1) {
      const text = `${target.name} has the name "${definition.name}" and the version ${definition.version}: give @Message a name that is not empty and a whole version from 1.`;
      mistakes.push({ rule: 'invalid-message', text });
    }
    return mistakes;
  }

  private addEventHandler(target: MessageClass, handler: RegisteredHandler): WiringMistake[] {
    const handlers = this.events.get(target) ?? [];
    if (!handlers.some(({ provider }) => provider === handler.provider)) handlers.push(handler);
    this.events.set(target, handlers);
    return [];
  }

  private addSingleHandler(
    kind: 'command' | 'query',
    target: MessageClass,
    handler: RegisteredHandler,
  ): WiringMistake[] {
    const handlers = this.single[kind];
    const present = handlers.get(target);
    const overrides = handler.options.override === true;
    const isOverridden = present?.options.override === true;
    if (present === undefined || (overrides && !isOverridden)) handlers.set(target, handler);
    if (present === undefined || overrides !== isOverridden) return [];
    const text = `${present.provider.label} and ${handler.provider.label} both handle the ${kind} ${target.name}: remove one, or let one replace the other with { override: true }.`;
    return [{ rule: 'duplicate-handler', text }];
  }
}

function isMessageClass(value: unknown): value is MessageClass {
  return typeof value === 'function';
}

function baseOf(target: MessageClass): MessageClass | undefined {
  const base: unknown = Object.getPrototypeOf(target);
  return isMessageClass(base) && base !== Function.prototype ? base : undefined;
}

function hasMethod(provider: DiscoveredProvider, method: string): boolean {
  const holder: unknown = provider.isStatic ? provider.instance : provider.type.prototype;
  return typeof holder === 'object' && holder !== null && typeof Reflect.get(holder, method) === 'function';
}

function missingMessage(provider: DiscoveredProvider, kind: MessageKind): WiringMistake {
  const text = `${provider.label} handles nothing as ${kind === 'event' ? 'an events handler' : `a ${kind} handler`}: its decorator names no class, or one that an import cycle left undefined.`;
  return { rule: 'missing-message', text };
}

function sameName(added: MessageDefinition, present: MessageDefinition): WiringMistake {
  const identity = `"${added.name}" version ${added.version}`;
  const text = `The classes ${present.target.name} and ${added.target.name} are both the message ${identity}: give one of them another name or version with @Message.`;
  return { rule: 'duplicate-message-name', text };
}
