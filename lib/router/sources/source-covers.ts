import type { Discriminator, FieldValue } from './discriminators.js';

/** A fact a message may show: a field or header that is there, or that has a certain value. */
export type Atom =
  | { readonly on: 'field' | 'header'; readonly name: string }
  | { readonly on: 'field' | 'header'; readonly name: string; readonly value: FieldValue };

/**
 * For each discriminator a set of facts of which a message must show at least one for the discriminator to hold, or
 * undefined where there is no such set (negations, functions, an empty `and`). Where there is a choice, the facts that
 * the fewest discriminators ask for are taken: they leave the fewest candidates.
 */
export function coversOf(discriminators: readonly Discriminator[]): readonly (readonly Atom[] | undefined)[] {
  const askedBy = new Map<string, number>();
  for (const discriminator of discriminators) {
    const ids = new Set(allCovers(discriminator).flat().map(idOf));
    for (const id of ids) askedBy.set(id, (askedBy.get(id) ?? 0) + 1);
  }
  const costOf = (cover: readonly Atom[]): number =>
    cover.reduce((cost, atom) => cost + (askedBy.get(idOf(atom)) ?? 0) * ('value' in atom ? 1 : PRESENCE_COST), 0);
  return discriminators.map((discriminator) => cheapest(allCovers(discriminator), costOf));
}

/** A message that has a field rarely has it with one certain value, so presence says much less. */
const PRESENCE_COST = 8;

/** Every cover a discriminator offers; none means it cannot be filed. */
function allCovers(discriminator: Discriminator): readonly (readonly Atom[])[] {
  if (typeof discriminator === 'function') return [];
  switch (discriminator.kind) {
    case 'and':
      return discriminator.parts.flatMap(allCovers);
    case 'or':
      return coversOfUnion(discriminator.parts.map(allCovers));
    case 'not':
      return [];
    case 'hasFields':
      return discriminator.paths.map((name) => [{ on: 'field', name }]);
    case 'fieldEquals':
      return [[{ on: 'field', name: discriminator.path, value: discriminator.value }]];
    case 'fieldMatches':
      return [[{ on: 'field', name: discriminator.path }]];
    case 'header':
      return [[headerAtom(discriminator.name.toLowerCase(), discriminator.value)]];
  }
}

function headerAtom(name: string, value: string | RegExp | undefined): Atom {
  return typeof value === 'string' ? { on: 'header', name, value } : { on: 'header', name };
}

/** A union is covered by one cover of each part together. The one with the most values is taken, to keep this linear. */
function coversOfUnion(parts: readonly (readonly (readonly Atom[])[])[]): readonly (readonly Atom[])[] {
  const chosen: Atom[] = [];
  for (const covers of parts) {
    const cover = cheapest(covers, (atoms) =>
      atoms.reduce((cost, atom) => cost + ('value' in atom ? 1 : PRESENCE_COST), 0),
    );
    if (cover === undefined) return [];
    chosen.push(...cover);
  }
  return [chosen];
}

function cheapest<T>(covers: readonly T[], costOf: (cover: T) => number): T | undefined {
  let best: { readonly cover: T; readonly cost: number } | undefined;
  for (const cover of covers) {
    const cost = costOf(cover);
    if (best === undefined || cost < best.cost) best = { cover, cost };
  }
  return best?.cover;
}

function idOf(atom: Atom): string {
  const value = 'value' in atom ? `=${typeof atom.value}:${String(atom.value)}` : '';
  return `${atom.on}:${atom.name}${value}`;
}
