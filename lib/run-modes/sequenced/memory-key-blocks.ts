import type { KeyBlock, KeyBlocks, KeyLine } from '../queue/key-blocks.port.js';

/** The lines of keys of the queues in this process. */
export class MemoryKeyBlocks implements KeyBlocks {
  private readonly queues = new Map<string, Map<string, KeyBlock>>();
  private changes = 0;

  async keyBlock(queue: string, key: string): Promise<KeyBlock | undefined> {
    return this.queues.get(queue)?.get(key);
  }

  async changeKeyBlock(
    queue: string,
    key: string,
    from: KeyBlock | undefined,
    to: KeyLine | undefined,
  ): Promise<boolean> {
    const blocks = this.queues.get(queue) ?? new Map<string, KeyBlock>();
    if (blocks.get(key)?.version !== from?.version) return false;
    this.changes += 1;
    if (to === undefined) blocks.delete(key);
    else blocks.set(key, { ...to, version: String(this.changes) });
    this.queues.set(queue, blocks);
    return true;
  }
}
