import { delay } from '../common/promises.js';
import type { FailureReporter } from '../failures/failure-reporter.js';
import { Fault } from '../failures/fault.js';
import type { MessageContext } from '../message/message-context.js';
import type { PreparedHandler } from '../pipeline/handler-preparation.js';

/** How long `onFailed` may take where the handler has no limit of its own, in milliseconds. */
const DEFAULT_LIMIT_MS = 30_000;

/** What happens when a handler has failed for the last time: its own `onFailed`, and a {@link Fault} where faults are asked for. */
export class LastFailures {
  constructor(
    private readonly hasFaults: boolean,
    private readonly failures: Pick<FailureReporter, 'onFailedFailed'>,
  ) {}

  /** Never rejects: what fails here is reported, and changes nothing for the message. */
  async tell({ onFailed }: Pick<PreparedHandler, 'onFailed'>, context: MessageContext, error: unknown): Promise<void> {
    try {
      if (onFailed !== undefined) await this.call(onFailed, context, error);
      if (this.hasFaults && !(context.message instanceof Fault)) await context.publish(Fault.of(context, error));
    } catch (cause) {
      this.failures.onFailedFailed(context, cause);
    }
  }

  private async call(
    onFailed: NonNullable<PreparedHandler['onFailed']>,
    context: MessageContext,
    error: unknown,
  ): Promise<void> {
    const limitMs = context.timeoutMs > 0 ? context.timeoutMs : DEFAULT_LIMIT_MS;
    const ended = new AbortController();
    const late = delay(limitMs, ended.signal).then(() => {
      if (!ended.signal.aborted) throw new Error(`onFailed() has not ended within ${limitMs} ms`);
    });
    try {
      await Promise.race([onFailed(context, error), late]);
    } finally {
      ended.abort();
    }
  }
}
