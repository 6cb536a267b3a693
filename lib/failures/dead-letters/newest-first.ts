import type { LetterList, LetterSpot, ListedLetter } from './dead-letter-source.port.js';
import type { DeadLetter } from './dead-letter.js';

/** How many letters are asked for at once. */
const PAGE_SIZE = 100;

/** A letter's place in the order over all lists: by time, the newest first, then by list and key. */
export interface LetterCursor extends LetterSpot {
  readonly list: string;
}

/** A letter, and the cursor of what follows it. */
export interface FoundLetter {
  readonly letter: DeadLetter;
  readonly cursor: LetterCursor;
}

/** Which part of the letters is looked at. */
export interface LetterRange {
  /** Only those that follow it. */
  readonly after?: LetterCursor | undefined;
  /** Only those parked earlier. */
  readonly parkedBefore?: Date | undefined;
  /** Only those parked then or later. */
  readonly parkedAfter?: Date | undefined;
}

/** The letters of several lists in one order, the newest first. Each list is read only as far as it is needed. */
export async function* newestFirst(lists: readonly LetterList[], range: LetterRange): AsyncGenerator<FoundLetter> {
  const readers = lists.map((list) => new ListReader(list, startOf(list, range)));
  const endMs = range.parkedAfter?.getTime() ?? -Infinity;
  for (;;) {
    await Promise.all(readers.map((reader) => reader.fill()));
    const first = readers.reduce((best, reader) => (comesBefore(reader, best) ? reader : best), readers[0]);
    const found = first?.head;
    if (first === undefined || found === undefined || found.spot.parkedAtMs < endMs) return;
    first.shift();
    yield { letter: found.letter, cursor: { ...found.spot, list: first.list.name } };
  }
}

class ListReader {
  private read: ListedLetter[] = [];
  private isEnded = false;

  constructor(
    readonly list: LetterList,
    private after: LetterSpot | undefined,
  ) {}

  get head(): ListedLetter | undefined {
    return this.read[0];
  }

  shift(): void {
    this.read.shift();
  }

  async fill(): Promise<void> {
    if (this.isEnded || this.read.length > 0) return;
    this.read = [...(await this.list.page(PAGE_SIZE, this.after))];
    this.after = this.read.at(-1)?.spot ?? this.after;
    this.isEnded = this.read.length === 0;
  }
}

function comesBefore(reader: ListReader, best: ListReader | undefined): boolean {
  if (reader.head === undefined) return false;
  if (best?.head === undefined) return true;
  const ms = reader.head.spot.parkedAtMs - best.head.spot.parkedAtMs;
  return ms === 0 ? reader.list.name < best.list.name : ms > 0;
}

/** Where a list is read from. */
function startOf({ name }: LetterList, { after, parkedBefore }: LetterRange): LetterSpot | undefined {
  const bound = parkedBefore && { parkedAtMs: parkedBefore.getTime(), key: '' };
  if (after === undefined || (bound !== undefined && bound.parkedAtMs < after.parkedAtMs)) return bound;
  const { parkedAtMs, key, list } = after;
  if (name === list) return { parkedAtMs, key };
  return { parkedAtMs: name > list ? parkedAtMs + 1 : parkedAtMs, key: '' };
}
