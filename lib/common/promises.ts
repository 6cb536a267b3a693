/** Tells a promise, of whatever library, from a plain value. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Resolves after some milliseconds, or as soon as the signal aborts. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}

/** A promise, and what resolves it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

/** Makes a promise that is resolved from elsewhere. */
export function deferred<T>(): Deferred<T> {
  let made: ((value: T) => void) | undefined;
  const promise = new Promise<T>((resolve) => {
    made = resolve;
  });
  // The executor of a promise has run when its constructor returns.
  return { promise, resolve: (value) => made?.(value) };
}
