import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 10;

/**
 * Waits until there is something to return.
 *
 * @param timeoutMs how long, from now; default 15 000
 * @throws Error that names what was waited for
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  for (const endsAtMs = performance.now() + timeoutMs; ;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endsAtMs) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}.`);
    await delay(POLL_MS);
  }
}
