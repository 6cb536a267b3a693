import type { Failure } from '../failures/policy/failure.js';
import type { MessageContext } from '../message/message-context.js';
import { RunMode } from '../message/run-mode.js';
import type { PreparedHandler } from '../pipeline/handler-preparation.js';

/** A failure as policies see it. */
export function failureOf({ facts }: PreparedHandler, context: MessageContext, error: unknown): Failure {
  const { attempt, name, kind, queue } = context;
  return {
    error,
    attempt,
    runMode: queue === undefined ? RunMode.Sync : RunMode.Async,
    messageName: name,
    messageKind: kind,
    handlerName: facts.name,
    queue,
  };
}
