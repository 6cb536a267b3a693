import type { TransportMeta } from '../../dispatcher/raw-intake.js';
import { UnreadableRawMessageError } from '../errors.js';
import { holds, type Recognisable } from './discriminators.js';
import type { SourceEntry } from './source.js';
import { coversOf, type Atom } from './source-covers.js';
import { TransportHeaders, type HeaderValue } from './transport-headers.js';
import type { View } from './view.js';

/** Above this many different names the message's own are walked instead of asking for each; where the two cost the same. */
const ASK_EACH_UP_TO = 4;

/** The sources that need a field or header to be there, and those that need it to have a certain value. */
interface Probe {
  readonly name: string;
  readonly present: number[];
  readonly byValue: Map<unknown, number[]>;
}

/**
 * Finds, for a message, the first of many sources whose discriminator holds. Each source is filed under facts a message
 * must show for it to match (a value of a field, a header, the presence of a field); a message only meets the sources
 * filed under what it shows, in their order, and those that could not be filed. Immutable; the same answer as asking
 * source by source.
 */
export class SourceIndex<E extends SourceEntry> {
  private readonly fields = new Map<string, Map<string, Probe>>();
  private readonly headers = new Map<string, Probe>();
  private readonly unfiled: Uint32Array;

  constructor(private readonly entries: readonly E[]) {
    this.unfiled = new Uint32Array((entries.length + 31) >>> 5);
    coversOf(entries.map((entry) => entry.options.match)).forEach((cover, position) => {
      if (cover === undefined) mark(this.unfiled, [position]);
      else for (const atom of cover) this.file(atom, position);
    });
  }

  /**
   * The first source, in the order given, that matches; undefined if none does. A discriminator function that throws
   * does not hold.
   *
   * @param faults is given what such functions threw, naming the source
   */
  find(view: View, meta: TransportMeta, faults: unknown[] = []): E | undefined {
    const message = { view, meta, headers: new TransportHeaders(meta) };
    const candidates = this.unfiled.slice();
    this.markByHeader(message.headers, candidates);
    this.markByField(view, candidates);
    return this.firstOf(candidates, message, faults);
  }

  private file(atom: Atom, position: number): void {
    const probe = atom.on === 'header' ? probeIn(this.headers, atom.name) : this.fieldProbe(atom.name);
    if (!('value' in atom)) return void probe.present.push(position);
    const positions = probe.byValue.get(atom.value);
    if (positions === undefined) probe.byValue.set(atom.value, [position]);
    else positions.push(position);
  }

  private fieldProbe(path: string): Probe {
    const dot = path.indexOf('.');
    const top = dot === -1 ? path : path.slice(0, dot);
    const probes = this.fields.get(top) ?? new Map<string, Probe>();
    this.fields.set(top, probes);
    return probeIn(probes, path);
  }

  private markByHeader(headers: TransportHeaders, candidates: Uint32Array): void {
    const names = this.headers.size <= ASK_EACH_UP_TO ? this.headers.keys() : headers.names();
    for (const name of names) {
      const probe = this.headers.get(name);
      const found = probe && headers.get(name);
      if (found === undefined) continue;
      mark(candidates, probe?.present);
      for (const value of valuesOf(found)) mark(candidates, probe?.byValue.get(value));
    }
  }

  private markByField(view: View, candidates: Uint32Array): void {
    if (view.keys === undefined || this.fields.size <= ASK_EACH_UP_TO) {
      for (const probes of this.fields.values()) markBy(probes, view, candidates);
      return;
    }
    for (const key of view.keys()) {
      const probes = this.fields.get(key);
      if (probes !== undefined) markBy(probes, view, candidates);
    }
  }

  private firstOf(candidates: Uint32Array, message: Recognisable, faults: unknown[]): E | undefined {
    for (const [word, marked] of candidates.entries()) {
      for (let bits = marked; bits !== 0; bits &= bits - 1) {
        const entry = this.entries[word * 32 + 31 - Math.clz32(bits & -bits)];
        if (entry !== undefined && recognises(entry, message, faults)) return entry;
      }
    }
    return undefined;
  }
}

/** A `match` that throws does not hold; what it threw matters only where no other source takes the message. */
function recognises({ options }: SourceEntry, message: Recognisable, faults: unknown[]): boolean {
  try {
    return holds(options.match, message);
  } catch (cause) {
    const fault = `the "match" of source "${options.name}" failed, see the cause`;
    faults.push(new UnreadableRawMessageError(fault, {}, { cause }));
    return false;
  }
}

function probeIn(probes: Map<string, Probe>, name: string): Probe {
  const probe = probes.get(name) ?? { name, present: [], byValue: new Map<unknown, number[]>() };
  probes.set(name, probe);
  return probe;
}

function markBy(probes: ReadonlyMap<string, Probe>, view: View, candidates: Uint32Array): void {
  for (const { name, present, byValue } of probes.values()) {
    if (present.length > 0 && view.hasField(name)) mark(candidates, present);
    if (byValue.size > 0) mark(candidates, byValue.get(view.get(name)));
  }
}

function mark(candidates: Uint32Array, positions: readonly number[] | undefined): void {
  if (positions === undefined) return;
  for (const position of positions) {
    const word = position >>> 5;
    candidates[word] = (candidates[word] ?? 0) | (1 << (position & 31));
  }
}

function valuesOf(found: HeaderValue): readonly string[] {
  return typeof found === 'string' ? [found] : found;
}
