const BRAND = Symbol.for('nestjs-dispatch/error');

/**
 * The base of every error this package throws. `code` is stable and meant for programs, `message` names what failed,
 * which message or handler it concerns and what to do next, `cause` is the error underneath.
 */
export abstract class DispatchError extends Error {
  /** A literal such as `'DISPATCH_HANDLER_NOT_FOUND'`; it never changes between releases. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    markDispatchError(this);
  }
}

/** Makes an error that must extend another class count as one of this package. */
export function markDispatchError(error: Error): void {
  Object.defineProperty(error, BRAND, { value: true });
}

/**
 * Tells whether a value is an error of this package, and, with `code`, that very one. Unlike `instanceof` it also holds
 * for an error made by another installed copy of the package.
 */
export function isDispatchError<C extends string>(error: unknown, code?: C): error is DispatchError & { code: C } {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as { code?: unknown }).code === code;
}

/** The text of anything that was thrown, for a log line or the text of an outer error. Never throws. */
export function errorText(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'a value that cannot be shown as text';
  }
}

/** The stack of an error, where there is one. */
export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}

/** An error as plain data. */
export interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

/** What is known of whatever was thrown. Throws what its getters throw. */
export function errorFacts(thrown: unknown): ErrorFacts {
  const code: unknown = typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'code') : undefined;
  return {
    name: thrown instanceof Error ? thrown.name : 'Error',
    message: errorText(thrown),
    code: typeof code === 'string' ? code : undefined,
    stack: stackOf(thrown),
  };
}

/** How far back the causes of an error are looked at. */
const MAX_CAUSES = 10;

/** Whether an error is another one, or was thrown because of it. */
export function isCausedBy(error: unknown, origin: Error): boolean {
  let each = error;
  for (let depth = 0; depth < MAX_CAUSES && each !== origin; depth++) each = (each as Error | null | undefined)?.cause;
  return each === origin;
}
