import { isDispatchError } from '../../common/dispatch-error.js';
import type { DeadLetterBehindError } from './errors.js';
import type { LetterRef } from './letter-batch.js';

/** The keys of the letters that are replayed together: what is behind one of them follows by itself. */
export class ReplayLines {
  private readonly ids: ReadonlySet<string>;
  private readonly begun = new Set<string>();

  constructor(letters: readonly LetterRef[]) {
    this.ids = new Set(letters.map(({ id }) => id));
  }

  /**
   * Replays a letter.
   *
   * @returns whether it was there; `'follows'` where one of the others is before it, or has brought it along already
   */
  async replay(letter: LetterRef, replay: () => Promise<boolean>): Promise<boolean | 'follows'> {
    const line = `${letter.queue} ${letter.key}`;
    try {
      const isReplayed = await replay();
      if (!isReplayed && letter.isBehind && this.begun.has(line)) return 'follows';
      if (isReplayed && letter.key !== undefined) this.begun.add(line);
      return isReplayed;
    } catch (error) {
      if (isBehind(error) && this.ids.has(error.headId)) return 'follows';
      throw error;
    }
  }
}

function isBehind(error: unknown): error is DeadLetterBehindError {
  return isDispatchError(error, 'DISPATCH_DEAD_LETTER_BEHIND');
}
