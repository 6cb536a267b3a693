/**
 * What an inspector found in a message, asked by dotted path with array indexes: `'commits.0.author.name'`. Only own
 * properties are seen, never inherited ones. Asking changes nothing and must not throw.
 */
export interface View {
  /** The whole message as the inspector read it; for JSON the parsed value, made once per message. */
  readonly value: unknown;
  /** Whether the field is there, whatever its value: null counts. */
  hasField(path: string): boolean;
  /** The field's value; undefined where it is missing. */
  get(path: string): unknown;
  /** The field's text; undefined where it is missing or anything but a string. */
  getString(path: string): string | undefined;
  /** The field's bytes: binary as it is, a string as UTF-8, anything else as its JSON; undefined where it is missing. */
  getBytes(path: string): Uint8Array | undefined;
  /**
   * The first segments of every path that is there. Optional: without it each path that a source asks for is looked up
   * in each message, so matching grows slowly with the number of different paths.
   */
  keys?(): readonly string[];
}

/** Makes a view of a plain value: what the JSON inspector gives, and what an inspector of another format may give. */
export function viewOf(value: unknown): View {
  return new PlainView(value);
}

const MISSING = Symbol('missing');
const INDEX = /^(?:0|[1-9]\d*)$/;

class PlainView implements View {
  constructor(readonly value: unknown) {}

  hasField(path: string): boolean {
    return read(this.value, path) !== MISSING;
  }

  get(path: string): unknown {
    const found = read(this.value, path);
    return found === MISSING ? undefined : found;
  }

  getString(path: string): string | undefined {
    const found = read(this.value, path);
    return typeof found === 'string' ? found : undefined;
  }

  getBytes(path: string): Uint8Array | undefined {
    const found = this.get(path);
    if (found === undefined || found instanceof Uint8Array) return found;
    return Buffer.from(typeof found === 'string' ? found : JSON.stringify(found));
  }

  keys(): readonly string[] {
    return typeof this.value === 'object' && this.value !== null ? Object.keys(this.value) : [];
  }
}

function read(root: unknown, path: string): unknown {
  let current = root;
  let start = 0;
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', start)) {
    current = ownField(current, path.slice(start, dot));
    if (current === MISSING) return MISSING;
    start = dot + 1;
  }
  return ownField(current, start === 0 ? path : path.slice(start));
}

function ownField(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null) return MISSING;
  if (Array.isArray(holder) && !INDEX.test(name)) return MISSING;
  if (!Object.hasOwn(holder, name)) return MISSING;
  // An object whose own property `name` was just found can be read by that name.
  return (holder as Readonly<Record<string, unknown>>)[name];
}
