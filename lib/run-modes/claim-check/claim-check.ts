import { randomUUID } from 'node:crypto';

import { Logger } from '@nestjs/common';

import { isDispatchError } from '../../common/dispatch-error.js';
import { encodeAbove } from '../../message/codec/json-codec.js';
import type { Envelope } from '../../message/envelope.js';
import { claimOf, type ClaimReference, type EntryContent } from '../queue/entry-data.js';
import { QueueUnavailableError } from '../queue/errors.js';
import type { Delivery, QueueBackend, Settlement } from '../queue/queue-backend.port.js';
import type { ResolvedClaimCheck } from './claim-check.options.js';
import { ClaimRemovals } from './claim-removals.js';
import { ClaimSweep } from './claim-sweep.js';
import { ClaimCheckFullError, ClaimCheckUnavailableError } from './errors.js';

/** With these codes nothing was stored. */
const UNSTORED: ReadonlySet<string> = new Set([
  'DISPATCH_QUEUE_FULL',
  'DISPATCH_PARKED_ENTRY_BUSY',
  'DISPATCH_DEAD_LETTER_NOT_REPLAYABLE',
  'DISPATCH_DEAD_LETTER_BEHIND',
]);

/** Keeps large payloads outside the queue, as long as their messages may need them. Each entry has one of its own. */
export class ClaimCheck {
  private readonly logger = new Logger('Dispatch');
  private readonly removals: ClaimRemovals;
  private readonly sweep: ClaimSweep;
  /** Settles when what was last sent with a key may be handed to its queue. */
  private readonly lastOfKey = new Map<string, Promise<void>>();

  constructor(
    private readonly options: ResolvedClaimCheck,
    private readonly backend: Pick<QueueBackend, 'read' | 'features'>,
  ) {
    this.removals = new ClaimRemovals(options.store, backend);
    this.sweep = new ClaimSweep(options.store);
  }

  /** Has the store look at what it needs. Rejects with what the store says. */
  async open(): Promise<void> {
    const { store } = this.options;
    await store.open?.();
    this.sweep.start();
    if (store.isShared || !this.backend.features.has('durable')) return;
    this.logger.warn(
      'Payloads that "claimCheck" keeps are in the memory of this process, while their queues outlive it and other processes may take from them: give "claimCheck" a store that does so too, such as postgresClaimCheck() of nestjs-dispatch/postgres.',
    );
  }

  /** Removes what is known to be done with, then ends what the store has opened. */
  async close(): Promise<void> {
    await Promise.all([this.removals.close(), this.sweep.stop()]);
    try {
      await this.options.store.close?.();
    } catch (error) {
      this.logger.warn(`Could not close the store of "claimCheck": ${String(error)}`);
    }
  }

  /**
   * What the entry of a message carries: its payload, or where that is kept. What has a key waits for what was sent before
   * with the same.
   *
   * @throws DISPATCH_UNSERIALIZABLE_MESSAGE, DISPATCH_MESSAGE_TOO_LARGE, and rejects with DISPATCH_CLAIM_CHECK_UNAVAILABLE or
   * DISPATCH_CLAIM_CHECK_FULL
   */
  contentOf(envelope: Envelope, queue: string, delayMs: number): EntryContent | Promise<EntryContent> {
    const { thresholdBytes } = this.options;
    const { encoded, text } = encodeAbove(envelope.message, this.options, thresholdBytes);
    const order = envelope.key === undefined ? undefined : JSON.stringify([queue, envelope.key]);
    const before = order === undefined ? undefined : this.lastOfKey.get(order);
    if (text === undefined && before === undefined) return { payload: encoded };
    const made: Promise<EntryContent> =
      text === undefined
        ? Promise.resolve({ payload: encoded })
        : this.keep(envelope.name, text, delayMs).then((claim) => ({ claim }));
    return order === undefined ? made : this.inOrder(order, before, made);
  }

  /** Forgets the payload of an entry that was not stored, where that is certain. */
  refused(claim: ClaimReference, error: unknown): void {
    const isUnstored = isDispatchError(error) && UNSTORED.has(error.code);
    const isCertain = isUnstored || (error instanceof QueueUnavailableError && !error.mayBeStored);
    if (isCertain) this.forget(claim);
  }

  /** Forgets the payload of an entry that is gone. */
  dropped(data: unknown): void {
    const claim = claimOf(data);
    if (claim !== undefined) this.forget(claim);
  }

  /** Forgets a payload that no entry needs any more. */
  forget(claim: ClaimReference): void {
    this.removals.now(claim);
  }

  /**
   * The payload of an entry.
   *
   * @returns undefined where the store has none
   * @throws DISPATCH_CLAIM_CHECK_UNAVAILABLE
   */
  async read({ id }: ClaimReference, messageName: string): Promise<string | undefined> {
    try {
      return await this.options.store.get(id);
    } catch (cause) {
      throw new ClaimCheckUnavailableError(messageName, 'read', { cause });
    }
  }

  /** What a payload that was kept outside may be. */
  get limits(): Pick<ResolvedClaimCheck, 'maxBytes' | 'maxDepth'> {
    return this.options;
  }

  /** Takes how a delivery ended: a payload goes once its queue says that the message is done. */
  ended({ data, id: entryId, place }: Delivery, { action }: Settlement): void {
    if (action !== 'complete' && action !== 'discard') return;
    const claim = claimOf(data);
    if (claim !== undefined) this.removals.onceDone(claim, { place, entryId, action });
  }

  /** Whether a payload, as JSON, is to be kept outside of a queue. */
  isLarge(text: string): boolean {
    return Buffer.byteLength(text) > this.options.thresholdBytes;
  }

  /**
   * Keeps a payload, as JSON, for a message that may be due later.
   *
   * @throws DISPATCH_CLAIM_CHECK_UNAVAILABLE, DISPATCH_CLAIM_CHECK_FULL
   */
  async keep(messageName: string, text: string, delayMs: number): Promise<ClaimReference> {
    // An id of its own for each sending: of two entries with one id only one is stored, and the other's payload goes.
    const claim = { id: randomUUID(), sizeBytes: Buffer.byteLength(text) };
    try {
      await this.options.store.put(claim.id, text, this.options.ttlMs + delayMs);
      return claim;
    } catch (cause) {
      if (cause instanceof ClaimCheckFullError || isDispatchError(cause, 'DISPATCH_CLAIM_CHECK_FULL')) throw cause;
      throw new ClaimCheckUnavailableError(messageName, 'keep', { cause });
    }
  }

  private inOrder(
    order: string,
    before: Promise<void> | undefined,
    made: Promise<EntryContent>,
  ): Promise<EntryContent> {
    const content = before === undefined ? made : before.then(() => made);
    const settled = Promise.allSettled([made, content]).then(() => {
      if (this.lastOfKey.get(order) === settled) this.lastOfKey.delete(order);
    });
    this.lastOfKey.set(order, settled);
    return content;
  }
}
