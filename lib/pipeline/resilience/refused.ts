import { HandlerTimeoutError } from '../behaviors/timeout.behavior.js';
import { InvalidMessageError } from '../../message/errors.js';
import type { MessageContext } from '../../message/message-context.js';

/** Whether a failure says nothing of what the handler depends on: it did not run, or was told to stop by others. */
export function saysNothing(context: MessageContext, error: unknown): boolean {
  if (context.refusal !== undefined) return true;
  if (error instanceof InvalidMessageError && error.subject === context.message) return true;
  if (context.envelope.callerSignal?.aborted === true) return true;
  const { abortReason } = context;
  return abortReason !== undefined && !(abortReason instanceof HandlerTimeoutError);
}
