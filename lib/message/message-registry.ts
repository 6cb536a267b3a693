import type { MessageClass } from './message.js';
import { definitionOf, type MessageDefinition } from './message.decorator.js';

/** Every message class that has a handler, by class and by wire identity. */
export class MessageRegistry {
  private readonly byClass = new Map<MessageClass, MessageDefinition>();
  private readonly byName = new Map<string, Map<number, MessageDefinition>>();
  private readonly newest = new Map<string, MessageDefinition>();

  /**
   * Adds a class; adding it again changes nothing.
   *
   * @returns the definition that already holds the name and version, where another class does.
   */
  add(target: MessageClass): { definition: MessageDefinition; conflict: MessageDefinition | undefined } {
    const known = this.byClass.get(target);
    if (known !== undefined) return { definition: known, conflict: undefined };
    const definition = definitionOf(target);
    const versions = this.byName.get(definition.name) ?? new Map<number, MessageDefinition>();
    const conflict = versions.get(definition.version);
    this.byClass.set(target, definition);
    this.byName.set(definition.name, versions);
    if (conflict === undefined) this.put(versions, definition);
    return { definition, conflict };
  }

  /** The definition of a class; of a class nobody handles it is made anew. */
  definition(target: MessageClass): MessageDefinition {
    return this.byClass.get(target) ?? definitionOf(target);
  }

  /** The class behind a wire name; the newest version where none is given. */
  find(name: string, version?: number): MessageDefinition | undefined {
    return version === undefined ? this.newest.get(name) : this.byName.get(name)?.get(version);
  }

  private put(versions: Map<number, MessageDefinition>, definition: MessageDefinition): void {
    const { name, version } = definition;
    versions.set(version, definition);
    const newest = this.newest.get(name);
    if (newest === undefined || version > newest.version) this.newest.set(name, definition);
  }
}
