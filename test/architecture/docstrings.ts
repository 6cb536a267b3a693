const EXPORTED =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:class|function\*?|interface|type|const enum|enum|const|let|namespace) (\w+)/;

/**
 * The exported declarations of a formatted source that no docstring stands above. Decorators may stand between the two;
 * of overloads one documented signature is enough; `export { x } from` is not a declaration.
 */
export function undocumentedExports(text: string): string[] {
  const lines = text.split('\n');
  const documented = new Map<string, boolean>();
  for (const [index, line] of lines.entries()) {
    const name = EXPORTED.exec(line)?.[1];
    if (name === undefined) continue;
    documented.set(name, (documented.get(name) ?? false) || hasDocstringAbove(lines, index));
  }
  return [...documented].filter(([, has]) => !has).map(([name]) => name);
}

function hasDocstringAbove(lines: readonly string[], index: number): boolean {
  for (let above = index - 1; above >= 0; above--) {
    const line = lines[above] ?? '';
    if (line.endsWith('*/')) return opensDocstring(lines, above);
    if (line === '' || line.endsWith(';') || line === '}') return false;
  }
  return false;
}

function opensDocstring(lines: readonly string[], end: number): boolean {
  for (let above = end; above >= 0; above--) {
    const line = lines[above] ?? '';
    if (line.startsWith('/*')) return line.startsWith('/**');
  }
  return false;
}
