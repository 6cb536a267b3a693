import type { KeyHandler } from '../dispatcher/raw-intake.js';
import { DuplicateKeyError } from './errors.js';

/** The function handlers, one per key. */
export class KeyHandlers {
  private readonly handlers = new Map<string, KeyHandler>();

  get(key: string): KeyHandler | undefined {
    return this.handlers.get(key);
  }

  keys(): readonly string[] {
    return [...this.handlers.keys()];
  }

  /**
   * Adds a handler until the returned function is called or the signal aborts, whichever comes first; afterwards
   * neither the handler nor a listener on the signal is left.
   * @throws DISPATCH_DUPLICATE_KEY when the key has a handler
   */
  add(key: string, handler: KeyHandler, signal: AbortSignal | undefined): () => void {
    if (this.handlers.has(key)) throw new DuplicateKeyError(key);
    if (signal?.aborted === true) return () => undefined;
    let active = true;
    const remove = (): void => {
      if (!active) return;
      active = false;
      this.handlers.delete(key);
      signal?.removeEventListener('abort', remove);
    };
    this.handlers.set(key, handler);
    signal?.addEventListener('abort', remove, { once: true });
    return remove;
  }
}
