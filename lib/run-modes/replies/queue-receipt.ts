import { decodeValue, type CodecLimits } from '../../message/codec/json-codec.js';
import type { CancelOutcome, Receipt, ReceiptStatus, ResultOptions } from '../../message/receipt.js';
import { ReplyTimeoutError, ResultUnknownError } from '../queue/errors.js';
import type { EntryOutcome, QueueBackend } from '../queue/queue-backend.port.js';
import { fromWireError } from '../queue/wire-error.js';

const DEFAULT_TIMEOUT_MS = 30_000;
/** How often the queue is asked while a result is awaited, in milliseconds: at first, and at most. */
const FIRST_POLL_MS = 20;
const LAST_POLL_MS = 500;

/** Where a message is, as its receipt's id says it. */
export interface ReceiptAddress {
  readonly entryId: string;
  readonly place: string;
}

/** Writes the id of a receipt. */
export function receiptId({ entryId, place }: ReceiptAddress): string {
  return `${entryId}@${place}`;
}

/** Reads the id of a receipt; undefined where it is none. */
export function receiptAddress(id: string): ReceiptAddress | undefined {
  const at = id.lastIndexOf('@');
  if (at <= 0 || at === id.length - 1) return undefined;
  return { entryId: id.slice(0, at), place: id.slice(at + 1) };
}

/** A receipt that asks the queue. */
export class QueueReceipt<R> implements Receipt<R> {
  constructor(
    private readonly backend: Pick<QueueBackend, 'read' | 'cancel'>,
    private readonly address: ReceiptAddress,
    private readonly limits: CodecLimits,
    /** True where it is not in the queue yet, and comes there once its transaction has committed. */
    private readonly isOnItsWay = false,
  ) {}

  get id(): string {
    return receiptId(this.address);
  }

  get messageId(): string {
    return this.address.entryId;
  }

  async status(): Promise<ReceiptStatus> {
    return (await this.read()).state;
  }

  async result({ timeoutMs = DEFAULT_TIMEOUT_MS }: ResultOptions = {}): Promise<R> {
    const endsAtMs = performance.now() + timeoutMs;
    for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(waitMs * 1.5, LAST_POLL_MS)) {
      const { state, outcome } = await this.read();
      if (outcome !== undefined) return this.resultOf(outcome);
      if (state === 'unknown' && !this.isOnItsWay) throw new ResultUnknownError(this.id);
      const leftMs = endsAtMs - performance.now();
      if (leftMs <= 0) throw new ReplyTimeoutError(this.messageId, this.id, timeoutMs);
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, leftMs)));
    }
  }

  async progress(): Promise<unknown> {
    const { progress } = await this.read();
    return progress === undefined ? undefined : decodeValue(progress, this.limits);
  }

  cancel(): Promise<CancelOutcome> {
    return this.backend.cancel(this.address.place, this.address.entryId);
  }

  private read() {
    return this.backend.read(this.address.place, this.address.entryId);
  }

  private resultOf(outcome: EntryOutcome): R {
    // What the handler returned is what the command's type says; nothing can check it here.
    return resultOf(outcome, this.limits) as R;
  }
}

/** What the end of an entry means to its caller. @throws what the handler threw, as a `RemoteError` */
export function resultOf(outcome: EntryOutcome, limits: CodecLimits): unknown {
  if (outcome.status === 'failed') throw fromWireError(outcome.error);
  return outcome.result === undefined ? undefined : decodeValue(outcome.result, limits);
}
