/** The first line of Node's and of Jest's "not found" errors, which quotes what was looked for. */
const NOT_FOUND = /^Cannot find (?:package|module) '([^']+)'/;

/**
 * Imports an optional peer dependency, or a file of one, such as `'class-validator'`. Gives undefined only where that
 * very package or file is not installed; an error inside it, or a dependency it lacks, is thrown on.
 */
export async function importOptionalPeer(specifier: string): Promise<object | undefined> {
  try {
    return (await import(specifier)) as object;
  } catch (error) {
    if (isMissing(error, specifier)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown, specifier: string): boolean {
  if (!(typeof error === 'object' && error !== null && 'code' in error && 'message' in error)) return false;
  if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND') return false;
  const sought = NOT_FOUND.exec(String(error.message))?.[1]?.replaceAll('\\', '/');
  return sought === specifier || sought === packageOf(specifier) || sought?.endsWith(`/${specifier}`) === true;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
