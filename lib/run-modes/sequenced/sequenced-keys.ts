import type { KeyBlock } from '../queue/key-blocks.port.js';
import { ParkedBehindError } from '../queue/errors.js';
import type { Delivery, EntryState, QueueBackend, Settlement } from '../queue/queue-backend.port.js';

/** What lines of keys are kept in, and their entries looked after with. */
export type SequencedBackend = Pick<
  QueueBackend,
  'keyBlock' | 'changeKeyBlock' | 'read' | 'readParked' | 'replayParked'
>;

/** A delivery of a message with a key. */
export interface KeyedDelivery extends Pick<Delivery, 'id' | 'name' | 'place'> {
  readonly queue: string;
  readonly key: string;
}

/** The two ways in which such a delivery can come to its end. */
export interface KeyedRun {
  /** Hands it to its handler. */
  settle(): Promise<Settlement>;
  /** Parks it unhandled. */
  parkBehind(error: ParkedBehindError): Settlement;
}

/** Where a delivery stands: behind another entry, or free to run, with the line that it is the head of. */
type Turn = { readonly behind: string } | { readonly behind?: never; readonly block: KeyBlock | undefined };

const PENDING: ReadonlySet<EntryState> = new Set<EntryState>(['waiting', 'delayed', 'active']);

/**
 * Keeps messages behind an earlier one of their key that is parked as `failed`, and lets them follow one by one once that is
 * handled. The README of this folder says why nothing is lost or overtaken where a process dies between two steps.
 */
export class SequencedKeys {
  constructor(private readonly backend: SequencedBackend) {}

  /** Takes one delivery to its end. Rejects where the store fails; the delivery is to be made again then. */
  async settle(delivery: KeyedDelivery, run: KeyedRun): Promise<Settlement> {
    const { queue, name } = delivery;
    const turn = await this.enter(delivery);
    if (turn.behind !== undefined) return run.parkBehind(new ParkedBehindError(name, queue, turn.behind));
    const settlement = await run.settle();
    if (settlement.action === 'giveBack' || settlement.action === 'retry') return settlement;
    if (blocks(settlement)) await this.block(delivery, turn.block);
    else if (turn.block !== undefined) await this.callNext(delivery, turn.block);
    return settlement;
  }

  /** The entry that a parked one waits behind; undefined where it is the head of its line, or in none. */
  async ahead(queue: string, key: string, id: string): Promise<string | undefined> {
    const block = await this.backend.keyBlock(queue, key);
    if (block === undefined || !block.entries.includes(id)) return undefined;
    const head = await this.head(queue, block, id);
    return head === id ? undefined : head;
  }

  /** Forgets the line of a key where all its entries are gone. */
  async tidy(queue: string, key: string): Promise<void> {
    const block = await this.backend.keyBlock(queue, key);
    if (block === undefined || (await this.head(queue, block)) !== undefined) return;
    // Whoever has changed it meanwhile looks after it.
    await this.backend.changeKeyBlock(queue, key, block, undefined);
  }

  private async enter(delivery: KeyedDelivery): Promise<Turn> {
    const { queue, key, place, id } = delivery;
    for (;;) {
      const block = await this.backend.keyBlock(queue, key);
      if (block === undefined) return { block };
      const { entries } = block;
      const head = await this.head(queue, block, id);
      const isIn = entries.includes(id);
      if (head === id && entries[0] === id) return { block };
      if (head !== undefined && head !== id && isIn) return { behind: head };
      const rest = head === undefined ? [] : entries.slice(entries.indexOf(head));
      const line = isIn ? rest : [...rest, id];
      const to = head === undefined ? undefined : { place, entries: line };
      if (!(await this.backend.changeKeyBlock(queue, key, block, to)) || head === id) continue;
      return head === undefined ? { block: undefined } : { behind: head };
    }
  }

  /** The first entry that is parked as failed, or on its way to be handled; `own`, which is being delivered, at the latest. */
  private async head(queue: string, { place, entries }: KeyBlock, own?: string): Promise<string | undefined> {
    for (const id of entries) if (id === own || (await this.isThere(queue, place, id))) return id;
    return undefined;
  }

  /** Parked first: from there it may be moved into the queue meanwhile, but not the other way. */
  private async isThere(queue: string, place: string, id: string): Promise<boolean> {
    if ((await this.backend.readParked(queue, 'failed', id)) !== undefined) return true;
    return PENDING.has((await this.backend.read(place, id)).state);
  }

  /**
   * Before it is parked. Written also where nothing changes: a delivery of this entry in a process that lost its hold knows an
   * older version, and so cannot free the key.
   */
  private async block({ queue, key, place, id }: KeyedDelivery, known: KeyBlock | undefined): Promise<void> {
    for (let block = known; ; block = await this.backend.keyBlock(queue, key)) {
      const others = block?.entries.filter((other) => other !== id) ?? [];
      if (await this.backend.changeKeyBlock(queue, key, block, { place, entries: [id, ...others] })) return;
    }
  }

  /**
   * Before its end is stored: until then it keeps its lane, and where that fails it is delivered again, as the head it still
   * is. One whose process has lost its hold may be late: then its line is another's, or of another version.
   */
  private async callNext({ queue, key, id }: KeyedDelivery, block: KeyBlock): Promise<void> {
    const line = await this.backend.keyBlock(queue, key);
    if (line === undefined || !line.entries.includes(id)) return;
    const { place, entries } = line;
    for (const next of entries.slice(entries.indexOf(id) + 1)) {
      if (await this.backend.replayParked(queue, 'failed', next)) return;
      if (await this.isThere(queue, place, next)) return;
    }
    await this.backend.changeKeyBlock(queue, key, block, undefined);
  }
}

/** Whether what comes after an entry of its key is to wait: not for one that somebody has cancelled. */
function blocks(settlement: Settlement): boolean {
  return (
    settlement.action === 'park' && settlement.place === 'failed' && settlement.error.code !== 'DISPATCH_CANCELLED'
  );
}
