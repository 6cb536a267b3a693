import { Catch, HttpException, InternalServerErrorException, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

import { DispatchError, isDispatchError } from '../common/dispatch-error.js';
import type { Violation } from '../message/errors.js';

/** The body of the answer to a refused message. The texts are fixed: no names, keys or causes of ours are in them. */
export interface DispatchErrorBody {
  readonly statusCode: number;
  readonly code: string;
  readonly message: string;
  /** What is wrong with an invalid message; for status 422 only. */
  readonly violations?: readonly Violation[];
}

const ANSWERS: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  DISPATCH_UNREADABLE_MESSAGE: { status: 400, message: 'The message cannot be read.' },
  DISPATCH_NO_SOURCE: { status: 400, message: 'The message is of no known format.' },
  DISPATCH_BAD_SIGNATURE: { status: 401, message: 'The signature of the message is refused.' },
  DISPATCH_NO_HANDLER: { status: 404, message: 'Nothing handles this kind of message.' },
  DISPATCH_MESSAGE_TOO_LARGE: { status: 413, message: 'The message is too large.' },
  DISPATCH_INVALID_MESSAGE: { status: 422, message: 'The message is invalid.' },
  DISPATCH_AGGREGATE_NOT_FOUND: { status: 404, message: 'There is no such thing.' },
  DISPATCH_CONCURRENCY: { status: 409, message: 'It was changed meanwhile.' },
  DISPATCH_RESULT_UNKNOWN: { status: 404, message: 'Nothing is known of this message.' },
  DISPATCH_CANCELLED: { status: 409, message: 'The message was cancelled.' },
  DISPATCH_QUEUE_FULL: { status: 503, message: 'The service is at capacity.' },
  DISPATCH_QUEUE_UNAVAILABLE: { status: 503, message: 'The service cannot take messages now.' },
  DISPATCH_REPLY_ABANDONED: { status: 503, message: 'The service is shutting down; the message may still be handled.' },
  DISPATCH_REPLY_TIMEOUT: { status: 504, message: 'No reply in time; the message may still be handled.' },
  DISPATCH_RATE_LIMITED: { status: 429, message: 'Too many messages; try again later.' },
  DISPATCH_RATE_LIMIT_UNAVAILABLE: { status: 503, message: 'The service cannot take messages now.' },
  DISPATCH_BULKHEAD_FULL: { status: 503, message: 'The service is at capacity.' },
  DISPATCH_CIRCUIT_OPEN: { status: 503, message: 'The service cannot do this now; try again later.' },
  DISPATCH_CLOSED: { status: 503, message: 'The service is shutting down.' },
};

/** Faults of our own side, which the router has logged with their cause: Nest would log them a second time. */
const LOGGED_FAULTS: ReadonlySet<string> = new Set([
  'DISPATCH_HANDLER_FAILED',
  'DISPATCH_HOOK_FAILED',
  'DISPATCH_UNVERIFIABLE_MESSAGE',
]);

/** What stood around a handler did not let the message through: its sender may come again. */
const REFUSALS: ReadonlySet<string> = new Set([
  'DISPATCH_RATE_LIMITED',
  'DISPATCH_RATE_LIMIT_UNAVAILABLE',
  'DISPATCH_BULKHEAD_FULL',
  'DISPATCH_CIRCUIT_OPEN',
]);

/** What Nest answers to an error it does not know. */
const BARE = { statusCode: 500, message: 'Internal server error' };

/**
 * Answers HTTP requests whose message was refused: unreadable or of no source 400, bad signature 401, no handler 404,
 * too large 413, invalid 422 with its violations, over a rate limit 429, an open circuit or a full bulkhead 503, both with
 * `Retry-After` where it is known, shutting down 503; an aggregate that is not there 404, one that somebody else has changed 409. Behind a queue: nothing known of a receipt 404, cancelled
 * 409, queue full or store down 503, no reply in time 504. A failed handler is answered as Nest answers what
 * the handler threw: an `HttpException` with its own status, behind a queue too, anything else with a bare 500, as are a
 * hook and a `verify` that failed. The router has logged all of these; all else is left to Nest, which logs it.
 *
 * Provide it as `APP_FILTER`, name it in `@UseFilters`, or call
 * `app.useGlobalFilters(new DispatchExceptionFilter(app.getHttpAdapter()))`; any HTTP platform of Nest will do.
 */
@Catch(DispatchError)
export class DispatchExceptionFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    // Other kinds of hosts have no response to write to; their own handling takes what is thrown.
    if (host.getType() !== 'http') throw exception;
    const refusal = refusalIn(exception);
    if (refusal !== undefined) this.sayWhen(refusal, host);
    // oxlint-disable-next-line promise/valid-params -- the method of the filter, not of a promise
    super.catch(answerTo(refusal ?? exception), host);
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
  private sayWhen(refusal: DispatchError, host: ArgumentsHost): void {
    const adapter = this.applicationRef ?? this.httpAdapterHost?.httpAdapter;
    if (adapter === undefined || !('retryAfterMs' in refusal)) return;
    const seconds = Math.ceil(Number(refusal.retryAfterMs) / 1000);
    adapter.setHeader(host.switchToHttp().getResponse(), 'Retry-After', String(seconds));
  }
}

/** The refusal that an error is, or that a foreign message met. */
function refusalIn(exception: unknown): DispatchError | undefined {
  if (!isDispatchError(exception)) return undefined;
  const error = exception.code === 'DISPATCH_HANDLER_FAILED' ? exception.cause : exception;
  return isDispatchError(error) && REFUSALS.has(error.code) ? error : undefined;
}

function answerTo(exception: unknown): unknown {
  if (!isDispatchError(exception)) return exception;
  if ('http' in exception) return remoteAnswer(exception, exception.http);
  if (exception.code === 'DISPATCH_HANDLER_FAILED') {
    const { cause } = exception;
    if (cause instanceof HttpException) return cause;
    if (isDispatchError(cause) && 'http' in cause) return remoteAnswer(cause, cause.http);
  }
  if (LOGGED_FAULTS.has(exception.code)) return new InternalServerErrorException(BARE, { cause: exception });
  const answer = Object.hasOwn(ANSWERS, exception.code) ? ANSWERS[exception.code] : undefined;
  if (answer === undefined) return exception;
  const body: DispatchErrorBody = {
    statusCode: answer.status,
    code: exception.code,
    message: answer.message,
    ...('violations' in exception && { violations: exception.violations as readonly Violation[] }),
  };
  return new HttpException(body, answer.status, { cause: exception });
}

/** What a handler behind a queue threw as an `HttpException` is answered as if it had been thrown here. */
function remoteAnswer(exception: Error, http: unknown): unknown {
  // Only a `RemoteError` has this field, in which a backend may have put anything.
  const { status, response } = (http ?? {}) as { readonly status?: unknown; readonly response?: unknown };
  const isBody = typeof response === 'string' || (typeof response === 'object' && response !== null);
  const isStatus = typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599;
  return isBody && isStatus ? new HttpException(response, status, { cause: exception }) : exception;
}
