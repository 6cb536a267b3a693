import { Logger } from '@nestjs/common';

import { errorText } from '../../common/dispatch-error.js';
import type { MessageContext } from '../../message/message-context.js';
import { MessageOutOfSequenceNotification } from '../../notifications/message-notifications.js';
import type { NotificationChannel } from '../../notifications/notification-channel.js';
import { OutOfSequenceError, SequenceGapError, SequenceUnavailableError, type SequencedFacts } from './errors.js';
import type { ResolvedInSequence } from './in-sequence.decorator.js';
import type { SequenceState, SequenceStore } from './sequence-store.port.js';
import { StreamWaits } from './stream-waits.js';

/** How long before a message that came too early comes again from its queue, in milliseconds for each number it is ahead; at most. */
const STEP_MS = 100;
const LAST_STEP_MS = 5000;
/** How often a store is asked that other processes change, in milliseconds. */
const POLL_MS = 250;

/** A message with its place. */
export interface SequencedCall {
  readonly context: MessageContext;
  readonly options: ResolvedInSequence;
  /** As the store knows it. */
  readonly stream: string;
  readonly facts: SequencedFacts;
  readonly run: () => unknown;
}

/** What all handlers in sequence of an application need. */
export interface SequencesOptions {
  readonly store: SequenceStore;
  readonly channel: NotificationChannel;
  /** Whether messages come through queues that outlive the process. */
  readonly hasDurableQueue: () => boolean;
}

/** Has numbered messages handled in the order of their numbers. */
export class Sequences {
  private readonly logger = new Logger('Dispatch');
  private readonly waits = new StreamWaits();
  /** The streams of which a message is being handled in this process. */
  private readonly running = new Set<string>();
  private isWarned = false;

  constructor(private readonly options: SequencesOptions) {}

  /** Has the store look at what it needs. Rejects with what the store says. */
  async open(): Promise<void> {
    await this.options.store.open?.();
  }

  /** Ends what the store has opened. */
  async close(): Promise<void> {
    try {
      await this.options.store.close?.();
    } catch (error) {
      this.logger.warn(`Could not close the store of "sequence": ${errorText(error)}`);
    }
  }

  /**
   * Runs the call when it is its turn.
   *
   * @returns what it returns; undefined where its turn is over
   * @throws DISPATCH_OUT_OF_SEQUENCE behind a queue, DISPATCH_SEQUENCE_GAP, DISPATCH_SEQUENCE_UNAVAILABLE, the reason of the
   * signal that ends its wait, and whatever the call throws
   */
  async handle(call: SequencedCall): Promise<unknown> {
    const { stream, facts, context, options } = call;
    this.warnOfMemory(context);
    for (;;) {
      const state = await this.ask(call, () => this.options.store.arrive(stream, facts.sequence, options.first));
      if (facts.sequence < state.next) return this.tell(call, state.next, 'late');
      if (facts.sequence > state.next) await this.early(call, state);
      else if (this.running.has(stream)) await this.pause(call, POLL_MS);
      else return this.run(call);
    }
  }

  private async run(call: SequencedCall): Promise<unknown> {
    const { stream, facts } = call;
    this.running.add(stream);
    try {
      const result = await call.run();
      // Told that it failed, the message comes again: done twice is promised, forgotten is not.
      await this.ask(call, () => this.options.store.advance(stream, facts.sequence, facts.sequence + 1));
      return result;
    } finally {
      this.running.delete(stream);
      this.waits.wake(stream);
    }
  }

  /** Returns where the stream may have gone on. */
  private async early(call: SequencedCall, state: SequenceState): Promise<void> {
    const { context, facts, options } = call;
    const reason = this.overdue(call, state);
    if (reason !== undefined && options.whenGap === 'fail') throw new SequenceGapError(facts, state.next, reason);
    if (reason !== undefined) return this.skip(call, state);
    const isRunning = this.running.has(call.stream);
    const leftMs = isRunning ? POLL_MS : Math.max(1, options.gapTimeoutMs - state.gapMs);
    if (context.queue === undefined)
      return this.pause(call, this.options.store.isShared ? Math.min(POLL_MS, leftMs) : leftMs);
    const aheadMs = Math.min((facts.sequence - state.next) * STEP_MS, LAST_STEP_MS);
    throw this.refuse(call, new OutOfSequenceError(facts, state.next), Math.min(aheadMs, leftMs));
  }

  private overdue(
    { context, stream, facts, options }: SequencedCall,
    state: SequenceState,
  ): 'late' | 'full' | undefined {
    // The one that is being handled here is not missing, however long it takes.
    if (state.gapMs >= options.gapTimeoutMs && !this.running.has(stream)) return 'late';
    const ahead = context.queue === undefined ? this.waits.count(stream) + 1 : facts.sequence - state.next;
    return ahead > options.maxHeld ? 'full' : undefined;
  }

  private async skip(call: SequencedCall, { next, heldFrom }: SequenceState): Promise<void> {
    const to = heldFrom ?? call.facts.sequence;
    if (await this.ask(call, () => this.options.store.advance(call.stream, next, to))) this.tell(call, next, 'gap');
    this.waits.wake(call.stream);
  }

  /** @throws the reason of the signal, where the wait is no longer wanted */
  private async pause({ context: { signal }, stream }: SequencedCall, ms: number): Promise<void> {
    signal.throwIfAborted();
    await this.waits.wait(stream, ms, signal);
    signal.throwIfAborted();
  }

  private async ask<T>(call: SequencedCall, question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (cause) {
      throw new SequenceUnavailableError(call.facts, { cause });
    }
  }

  /** Has the worker give the message back to its queue: it is no attempt. */
  private refuse<E extends Error>({ context }: SequencedCall, error: E, delayMs: number): E {
    context.refusal = { error, delayMs: Math.ceil(delayMs), rests: 'message' };
    return error;
  }

  private tell({ context, facts }: SequencedCall, expected: number, fate: 'late' | 'gap'): undefined {
    const { key, sequence, handlerName } = facts;
    const what = fate === 'late' ? 'is discarded, since' : 'goes on without those before it:';
    this.logger.debug(`Number ${sequence} of "${key}" for ${handlerName} ${what} number ${expected} is expected.`);
    const { channel } = this.options;
    if (!channel.wants(MessageOutOfSequenceNotification)) return;
    channel.publish(new MessageOutOfSequenceNotification(context, key, sequence, expected, fate));
  }

  private warnOfMemory({ handler, queue }: MessageContext): void {
    const { store, hasDurableQueue } = this.options;
    if (this.isWarned || queue === undefined || store.isShared || !hasDurableQueue()) return;
    this.isWarned = true;
    this.logger.warn(
      `${handler.name} is in sequence within this process only, while its queue "${queue}" outlives it: set "sequence" of DispatchModule to a store that does too, such as postgresSequence() of nestjs-dispatch/postgres.`,
    );
  }
}
