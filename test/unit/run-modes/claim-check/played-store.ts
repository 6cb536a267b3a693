import type { ClaimCheckStore } from 'nestjs-dispatch';

/** A store of payloads that the test plays. */
export class PlayedStore implements ClaimCheckStore {
  readonly isShared = true;
  readonly kept = new Map<string, { readonly payload: string; readonly ttlMs: number }>();
  readonly read: string[] = [];
  /** What every call rejects with; undefined where it works. */
  failure: Error | undefined;
  /** Holds back what is put until it resolves. */
  gate: Promise<unknown> | undefined;
  isClosed = false;

  async put(id: string, payload: string, ttlMs: number): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    await this.gate;
    this.kept.set(id, { payload, ttlMs });
  }

  async get(id: string): Promise<string | undefined> {
    this.read.push(id);
    if (this.failure !== undefined) throw this.failure;
    return this.kept.get(id)?.payload;
  }

  async remove(id: string): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.kept.delete(id);
  }

  async sweep(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}
