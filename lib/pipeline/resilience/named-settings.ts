import type { WiringMistake } from '../../handlers/errors.js';

/** Settings that several places share by a name, said in one of them, or the same in all. */
export class NamedSettings<S extends object> {
  private readonly known = new Map<string, { settings: S; label: string }>();

  /** @param what names the kind, as in "the circuit" */
  constructor(private readonly what: string) {}

  get(name: string): S | undefined {
    return this.known.get(name)?.settings;
  }

  /** Adds what one place says, which may be nothing but the name. @returns that it contradicts another place */
  add(name: string, settings: S, label: string): WiringMistake[] {
    const before = this.known.get(name);
    if (before === undefined || Object.keys(before.settings).length === 0) {
      this.known.set(name, { settings, label });
      return [];
    }
    if (Object.keys(settings).length === 0 || isSame(before.settings, settings)) return [];
    const places = `${before.label} and ${label.replace(/^The /, 'the ')}`;
    const text = `${places} both say how ${this.what} "${name}" behaves, and not the same: say it in one place.`;
    return [{ rule: 'invalid-options', text }];
  }
}

function isSame(one: object, other: object): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => Reflect.get(one, name) === Reflect.get(other, name));
}
