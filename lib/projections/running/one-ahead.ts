/**
 * Gives what an iteration gives, and asks for the next one while one is being handled: never for more.
 *
 * @param stopping ends it, as does leaving the loop over it: both abort the signal that the iteration is given
 */
export async function* oneAhead<T>(
  stopping: AbortSignal,
  begin: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  stopping.addEventListener('abort', end);
  if (stopping.aborted) end();
  const iterator = begin(ending.signal)[Symbol.asyncIterator]();
  try {
    for (let next = iterator.next(); ;) {
      const result = await next;
      if (result.done === true) return;
      next = iterator.next();
      // Told where it is waited for, if it ever is.
      next.catch(() => undefined);
      yield result.value;
    }
  } finally {
    end();
    stopping.removeEventListener('abort', end);
  }
}
