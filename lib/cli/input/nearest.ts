/** The known name that was probably meant, where one is near enough to what was typed. */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  const startsAlike = known.filter((name) => typed.length > 1 && name.startsWith(typed));
  if (startsAlike.length === 1) return startsAlike[0];
  const near = known
    .map((name) => ({ name, steps: editSteps(typed, name) }))
    .filter(({ name, steps }) => steps <= Math.ceil(name.length / 3))
    .toSorted((a, b) => a.steps - b.steps);
  return near[0]?.name;
}

/** How many letters must be changed, added or left out to make one text of the other. */
function editSteps(from: string, to: string): number {
  const others = to.split('');
  let row = [0, ...others.map((_, index) => index + 1)];
  for (const [index, letter] of from.split('').entries()) {
    const next = [index + 1];
    for (const [column, other] of others.entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
