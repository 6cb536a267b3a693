import { Logger } from '@nestjs/common';

import { MessageRegistry } from '../message/message-registry.js';
import type { MessageClass, MessageKind } from '../message/message.js';
import type { DiscoveredProvider } from './discovered-provider.js';
import type { WiringMistake } from './errors.js';
import { handlerDeclarationsOf, type HandlerDeclaration } from './handler.decorators.js';
import {
  duplicateHandler,
  isMessageClass,
  messageMistakes,
  missingMessage,
  missingMethod,
  providedTwice,
  sameName,
  wrongKind,
} from './handler-mistakes.js';
import { checkHandlerOptions } from './handler-options.js';
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
  private readonly logger = new Logger('Dispatch');
  private readonly keys = new KeyTable();
  /** All handlers found for one class; more than one is right only where exactly one overrides. */
  private readonly single = {
    command: new Map<MessageClass, RegisteredHandler[]>(),
    query: new Map<MessageClass, RegisteredHandler[]>(),
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
    return [...mistakes, ...this.duplicates(new Set(providers))];
  }

  /** Makes the names of message classes known that no handler names. */
  knowMessages(targets: readonly MessageClass[]): WiringMistake[] {
    return targets.flatMap((target) => this.addMessage(target, 'the option "messages"'));
  }

  /** Whether the name of a message class leads back to it. */
  knows(target: MessageClass): boolean {
    const { name, version } = this.messages.definition(target);
    return this.messages.find(name, version)?.target === target;
  }

  /** The one handler of a command or query class; subclasses are classes of their own. */
  handlerOf(kind: 'command' | 'query', target: MessageClass): RegisteredHandler | undefined {
    const handlers = this.single[kind].get(target);
    return handlers?.find(isOverride) ?? handlers?.[0];
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
    const { kind, messages } = declaration;
    const { options, mistakes } = checkHandlerOptions(provider.label, declaration);
    const missing = missingMessage(provider, kind, messages);
    if (missing !== undefined) return [...mistakes, missing];
    const targets: MessageClass[] = [];
    for (const target of messages.filter(isMessageClass)) {
      const misplaced = wrongKind(provider, kind, target);
      if (misplaced === undefined) targets.push(target);
      else mistakes.push(misplaced);
    }
    const method = kind === 'event' ? 'handle' : 'execute';
    if (targets.length === 0) return mistakes;
    if (typeof provider.member(method) !== 'function') return [...mistakes, missingMethod(provider, kind, targets[0])];
    return [...mistakes, ...this.addTargets(targets, { kind, provider, method, options })];
  }

  private addTargets(targets: readonly MessageClass[], handler: RegisteredHandler): WiringMistake[] {
    const { kind, provider, options } = handler;
    const owner = { label: provider.label, keys: options.keys ?? [] };
    if (kind === 'event') this.warnOfTwin(targets, provider);
    for (const target of targets) this.addTarget(target, handler);
    return targets.flatMap((target) => [
      ...this.addMessage(target, provider.label),
      ...this.keys.add({ kind, definition: this.messages.definition(target) }, targets.length, owner),
    ]);
  }

  private addMessage(target: MessageClass, namedBy: string): WiringMistake[] {
    const { definition, conflict } = this.messages.add(target);
    if (conflict === undefined || conflict.target === target) return messageMistakes(definition);
    const present = { definition: conflict, handler: this.labelOf(conflict.target) };
    const mistakes = [sameName({ definition, handler: namedBy }, present)];
    return [...mistakes, ...messageMistakes(definition)];
  }

  private labelOf(target: MessageClass): string {
    const handlers = [this.single.command, this.single.query, this.events].flatMap((each) => each.get(target) ?? []);
    return handlers[0]?.provider.label ?? 'nobody';
  }

  /** Dynamic modules may mean it, so a second provider of one class is no mistake; but it is rarely wanted. */
  private warnOfTwin(targets: readonly MessageClass[], provider: DiscoveredProvider): void {
    const twin = targets
      .flatMap((target) => this.events.get(target) ?? [])
      .find((present) => present.provider !== provider && present.provider.type === provider.type);
    if (twin === undefined) return;
    const problem = providedTwice(twin.provider, provider);
    this.logger.warn(`${problem}, so each event reaches it twice: provide it once and export it.`);
  }

  private addTarget(target: MessageClass, handler: RegisteredHandler): void {
    const handlersByClass = handler.kind === 'event' ? this.events : this.single[handler.kind];
    const handlers = handlersByClass.get(target) ?? [];
    handlersByClass.set(target, handlers);
    const isKnown = handler.kind === 'event' && handlers.some(({ provider }) => provider === handler.provider);
    if (!isKnown) handlers.push(handler);
  }

  /** Asked when all handlers of a scan are there, since one that overrides may come after those it replaces. */
  private duplicates(added: ReadonlySet<DiscoveredProvider>): WiringMistake[] {
    return (['command', 'query'] as const).flatMap((kind) =>
      [...this.single[kind]].flatMap(([target, handlers]) => {
        const overriding = handlers.filter(isOverride);
        const [first, ...others] = overriding.length === 0 ? handlers : overriding;
        if (first === undefined || !handlers.some(({ provider }) => added.has(provider))) return [];
        return others.map(({ provider }) => duplicateHandler(kind, target, first.provider, provider));
      }),
    );
  }
}

function baseOf(target: MessageClass): MessageClass | undefined {
  const base: unknown = Object.getPrototypeOf(target);
  return isMessageClass(base) && base !== Function.prototype ? base : undefined;
}

function isOverride({ options }: RegisteredHandler): boolean {
  return options.override === true;
}
