import { createHash, randomUUID } from 'node:crypto';

import type { KeyBlock, KeyBlocks, KeyLine } from '../../../index.js';
import type { BoundedCommands } from '../availability.js';
import type { Store, StoreJob } from '../store.js';
import type { QueueAt } from './parking-lot.js';
import { linesQueue } from './places.js';

/** The format of what is stored of a line. */
const FORMAT = 1;

/** What lines of keys are kept with. */
export interface KeyBlockJobsParts {
  readonly store: Pick<Store, 'parked'>;
  readonly commands: BoundedCommands;
  readonly queueAt: QueueAt;
}

/** What a job keeps of a line. No two are equal, so that a change is not mistaken for what was there before. */
interface StoredLine extends KeyLine {
  readonly dispatch: typeof FORMAT;
  /** For those who look into the store. */
  readonly key: string;
  readonly change: string;
}

/** The lines of the keys of a queue, each as a job that waits in a BullMQ queue which nothing consumes. */
export class KeyBlockJobs implements KeyBlocks {
  constructor(private readonly parts: KeyBlockJobsParts) {}

  keyBlock(queue: string, key: string): Promise<KeyBlock | undefined> {
    return this.run('reading', queue, () => this.read(queue, key));
  }

  changeKeyBlock(queue: string, key: string, from: KeyBlock | undefined, to: KeyLine | undefined): Promise<boolean> {
    return this.run('writing', queue, async () => {
      const line = to && lineOf(key, to);
      if (from !== undefined) {
        const text = line && JSON.stringify(line);
        return this.parts.store.parked.swap(linesQueue(queue), jobIdOf(key), from.version, text);
      }
      if (line === undefined) return (await this.read(queue, key)) === undefined;
      // One that is there stays as it is: then somebody else was first.
      await this.parts.queueAt(linesQueue(queue)).add('line', line, { jobId: jobIdOf(key) });
      return (await this.read(queue, key))?.version === JSON.stringify(line);
    });
  }

  private async read(queue: string, key: string): Promise<KeyBlock | undefined> {
    const job = await this.parts.queueAt(linesQueue(queue)).getJob(jobIdOf(key));
    return job && blockOf(job);
  }

  private run<T>(doing: string, queue: string, command: () => Promise<T>): Promise<T> {
    return this.parts.commands.run(`${doing} what waits behind a parked message of the queue "${queue}"`, command);
  }
}

/** A key may be any text, of any length. */
function jobIdOf(key: string): string {
  return `key-${createHash('sha256').update(key).digest('hex')}`;
}

function lineOf(key: string, { place, entries }: KeyLine): StoredLine {
  return { dispatch: FORMAT, key, place, entries, change: randomUUID() };
}

function blockOf({ data }: StoreJob): KeyBlock {
  // Only this adapter adds to that queue. A store may give the fields in an order of its own.
  const { dispatch, key, place, entries, change } = data as StoredLine;
  return { place, entries, version: JSON.stringify({ dispatch, key, place, entries, change }) };
}
