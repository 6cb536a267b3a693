/**
 * Makes a test for dotted names: `*` stands for one segment, `#` or `>` as the last segment for any number of them, none
 * included: `'billing.*'` fits `billing.charge`, `'billing.#'` also `billing` and `billing.card.charge`.
 */
export function namePattern(pattern: string): (name: string) => boolean {
  if (!/[*#>]/.test(pattern)) return (name) => name === pattern;
  const segments = pattern.split('.');
  const last = segments.at(-1);
  const isOpen = last === '#' || last === '>';
  const fixed = isOpen ? segments.slice(0, -1) : segments;
  return (name) => {
    const parts = name.split('.');
    if (isOpen ? parts.length < fixed.length : parts.length !== fixed.length) return false;
    return fixed.every((segment, index) => segment === '*' || segment === parts[index]);
  };
}

/** Why a text is no pattern that {@link namePattern} can read as it is meant; undefined where it is one. */
export function namePatternProblem(pattern: string): string | undefined {
  const segments = pattern.split('.');
  const isRight = segments.every((segment, index) => {
    if (segment === '#' || segment === '>') return index === segments.length - 1;
    return segment === '*' || /^[^*#>]+$/.test(segment);
  });
  if (isRight) return undefined;
  return `${JSON.stringify(pattern)} is no pattern for names: between dots stands a text, or "*" alone for any one; "#" or ">" stands alone at the end for the rest`;
}
