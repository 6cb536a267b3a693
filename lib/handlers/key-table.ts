import type { MessageDefinition } from '../message/message.decorator.js';
import type { MessageRegistry } from '../message/message-registry.js';
import type { MessageClass, MessageKind } from '../message/message.js';
import type { WiringMistake } from './errors.js';

/** What a router key stands for. */
export interface KeyTarget {
  readonly kind: MessageKind;
  readonly definition: MessageDefinition;
}

/** A handler, as far as its keys are concerned. */
export interface KeyOwner {
  /** Class and module, the way mistakes name it. */
  readonly label: string;
  readonly keys: readonly string[];
}

/** Router keys: message names, which need no entry here but for their kind, and the `keys` of handlers. */
export class KeyTable {
  private readonly byKey = new Map<string, KeyTarget>();
  private readonly kinds = new Map<MessageClass, MessageKind>();

  /** Records the kind of a class and the keys of one of its handlers. */
  add(target: KeyTarget, classCount: number, handler: KeyOwner): WiringMistake[] {
    const { kind, definition } = target;
    if (!this.kinds.has(definition.target)) this.kinds.set(definition.target, kind);
    if (handler.keys.length > 0 && classCount > 1) return [ambiguous(handler)];
    return handler.keys.flatMap((key) => this.addKey(key, target, handler));
  }

  find(key: string, version: number | undefined, messages: MessageRegistry): KeyTarget | undefined {
    const direct = this.byKey.get(key);
    if (direct !== undefined && (version === undefined || direct.definition.version === version)) return direct;
    const definition = messages.find(direct?.definition.name ?? key, version);
    const kind = definition === undefined ? undefined : this.kinds.get(definition.target);
    return definition === undefined || kind === undefined ? undefined : { kind, definition };
  }

  private addKey(key: string, target: KeyTarget, handler: KeyOwner): WiringMistake[] {
    const present = this.byKey.get(key);
    if (present === undefined) {
      this.byKey.set(key, target);
      return [];
    }
    if (present.definition.target === target.definition.target) return [];
    const text = `The key "${key}" of ${handler.label} stands for ${target.definition.target.name}, but elsewhere for ${present.definition.target.name}: one key leads to one message class.`;
    return [{ rule: 'duplicate-key', text }];
  }
}

function ambiguous(handler: KeyOwner): WiringMistake {
  const text = `${handler.label} names several events and the keys ${handler.keys.join(', ')}: a key leads to one message class, so use one handler class per event.`;
  return { rule: 'duplicate-key', text };
}
