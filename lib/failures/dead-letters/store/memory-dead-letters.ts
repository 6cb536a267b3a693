import { describeValue } from '../../../common/describe-value.js';
import type { LetterSpot } from '../dead-letter-source.port.js';
import { InvalidDeadLetterQueryError } from '../errors.js';
import type {
  DeadLetterStore,
  DroppedLetterHandler,
  KeptDeadLetter,
  KeptLettersOf,
  KeptLettersPage,
} from './dead-letter-store.port.js';

/** Options of `inMemoryDeadLetters()`. */
export interface InMemoryDeadLettersOptions {
  /** How many letters are kept in all, from 1; the oldest goes first. Default 10 000. */
  readonly max?: number;
}

/**
 * Keeps dead letters in the memory of the process: they end with it.
 *
 * @throws DISPATCH_INVALID_DEAD_LETTER_QUERY where `max` is no whole number from 1
 */
export function inMemoryDeadLetters({ max = 10_000 }: InMemoryDeadLettersOptions = {}): DeadLetterStore {
  if (Number.isInteger(max) && max >= 1) return new MemoryDeadLetters(max);
  throw new InvalidDeadLetterQueryError('inMemoryDeadLetters()', [
    `"max" is ${describeValue(max)}, not a whole number from 1`,
  ]);
}

interface Kept {
  readonly letter: KeptDeadLetter;
  readonly spot: LetterSpot;
}

class MemoryDeadLetters implements DeadLetterStore {
  readonly isShared = false;
  /** In the order they were parked. */
  private readonly letters = new Map<string, Kept>();
  private parkedCount = 0;
  private tell: DroppedLetterHandler | undefined;

  constructor(private readonly max: number) {}

  onDropped(tell: DroppedLetterHandler): void {
    this.tell = tell;
  }

  async park(letter: KeptDeadLetter): Promise<void> {
    this.parkedCount += 1;
    const key = String(this.parkedCount).padStart(16, '0');
    this.letters.delete(letter.id);
    this.letters.set(letter.id, { letter, spot: { parkedAtMs: letter.lastFailedAt.getTime(), key } });
    const [oldest] = this.letters.values();
    if (this.letters.size <= this.max || oldest === undefined) return;
    this.letters.delete(oldest.letter.id);
    this.tell?.(oldest.letter, `more than ${this.max} letters`);
  }

  async page({ limit, after, ...of }: KeptLettersPage): Promise<readonly Kept[]> {
    const following = this.of(of).filter(({ spot }) => after === undefined || comesAfter(spot, after));
    return following.toSorted((one, other) => (comesAfter(one.spot, other.spot) ? 1 : -1)).slice(0, limit);
  }

  async get(id: string): Promise<KeptDeadLetter | undefined> {
    return this.letters.get(id)?.letter;
  }

  async remove(id: string, lastFailedAt: Date): Promise<boolean> {
    const kept = this.letters.get(id)?.letter.lastFailedAt;
    return kept?.getTime() === lastFailedAt.getTime() && this.letters.delete(id);
  }

  async count(of: KeptLettersOf): Promise<number> {
    return this.of(of).length;
  }

  private of({ queue, place }: KeptLettersOf): Kept[] {
    return [...this.letters.values()].filter(({ letter }) => letter.queue === queue && letter.place === place);
  }
}

function comesAfter(one: LetterSpot, other: LetterSpot): boolean {
  return one.parkedAtMs === other.parkedAtMs ? one.key < other.key : one.parkedAtMs < other.parkedAtMs;
}
