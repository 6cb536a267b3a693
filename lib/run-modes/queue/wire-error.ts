import { HttpException } from '@nestjs/common';

import { errorFacts, errorText } from '../../common/dispatch-error.js';
import { InvalidMessageError } from '../../message/errors.js';
import { RemoteError } from './errors.js';
import type { JsonValue, WireError, WireErrorDetails } from './queue-backend.port.js';

/** The longest texts that travel: stores keep errors for weeks, and a stack or message may quote a whole payload. */
const MAX_MESSAGE_LENGTH = 2000;
const MAX_STACK_LENGTH = 8000;
/** The longest body of an `HttpException` that travels, as JSON; in place of a longer one stands its message. */
const MAX_RESPONSE_LENGTH = 8000;

/** What of an error goes to another process, or into a store. Never throws. */
export function toWireError(error: unknown): WireError {
  try {
    return wireErrorOf(error);
  } catch (cause) {
    // A field of it is a getter that throws. Without an error to store, its message would be tried for ever.
    const message = `an error that cannot be read: ${errorText(cause)}`.slice(0, MAX_MESSAGE_LENGTH);
    return { name: 'Error', message, code: undefined, stack: undefined };
  }
}

/** The error of a message that is parked, with what its dead letter tells beside it. Never throws. */
export function toParkedError(error: unknown, handler: string | undefined, deadLetters: string | undefined): WireError {
  return {
    ...toWireError(error),
    ...(deadLetters !== undefined && { deadLetters }),
    ...(handler !== undefined && { handler }),
  };
}

function wireErrorOf(error: unknown): WireError {
  const { name, message, code, stack } = errorFacts(error);
  const details = detailsOf(error);
  return {
    name,
    message: message.slice(0, MAX_MESSAGE_LENGTH),
    code,
    stack: stack?.slice(0, MAX_STACK_LENGTH),
    ...(details !== undefined && { details }),
  };
}

/** The error for a caller here, with name, message and code of the one that was thrown elsewhere. */
export function fromWireError(wire: WireError): RemoteError {
  const error = new RemoteError(wire);
  // The stack of this very line says nothing; the handler's own says where it failed.
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

function detailsOf(error: unknown): WireErrorDetails | undefined {
  if (error instanceof InvalidMessageError) return { violations: error.violations };
  if (error instanceof HttpException) return { http: { status: error.getStatus(), response: responseOf(error) } };
  // A handler that waited for another one may pass its failure on.
  if (!(error instanceof RemoteError) || (error.violations ?? error.http) === undefined) return undefined;
  const { violations, http } = error;
  return { ...(violations !== undefined && { violations }), ...(http !== undefined && { http }) };
}

function responseOf(error: HttpException): JsonValue {
  try {
    const json = JSON.stringify(error.getResponse());
    // What is read back from JSON is JSON.
    if (json.length <= MAX_RESPONSE_LENGTH) return JSON.parse(json) as JsonValue;
  } catch {
    // A body that is no JSON is not one that could have been answered either.
  }
  return { statusCode: error.getStatus(), message: errorText(error).slice(0, MAX_MESSAGE_LENGTH) };
}
