/**
 * Finds import cycles: for each import that leads back to a file on the way to it, that way, first file repeated at the
 * end. Empty if and only if the graph has no cycle.
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const way: string[] = [];

  function walk(file: string): void {
    const seenAt = way.indexOf(file);
    if (seenAt !== -1) {
      cycles.push([...way.slice(seenAt), file]);
      return;
    }
    if (done.has(file)) return;
    way.push(file);
    for (const target of graph.get(file) ?? []) walk(target);
    way.pop();
    done.add(file);
  }

  for (const file of graph.keys()) walk(file);
  return cycles;
}
