import { HttpException } from '@nestjs/common';

import { errorText, isDispatchError, stackOf } from '../common/dispatch-error.js';
import type { RefusalFact, RouterObserver } from './router-observer.js';

/** Where the router reports; Nest's `Logger` is one. */
export interface RouterLogger {
  error(text: string, ...details: unknown[]): unknown;
  warn(text: string): unknown;
  debug(text: string): unknown;
}

/** How much of a text that strangers have a part in is logged. */
const MAX_TEXT_LENGTH = 1000;
const MAX_KEY_LENGTH = 200;

/**
 * Logs how messages end that are not simply handled, one line for each, then tells the observer. What strangers sent
 * wrongly is a warning; where our own side failed (a handler, a hook, a `verify`) it is an error with the stack of the
 * cause. The payload is in none of them.
 */
export function loggingObserver(logger: RouterLogger, observer: RouterObserver): RouterObserver {
  return {
    skipped(fact) {
      logger.debug(`Skipped ${lineOf(fact)}`);
      observer.skipped(fact);
    },
    refused(fact) {
      const fault = faultOf(fact);
      if (fault === undefined) logger.warn(`Refused ${lineOf(fact)}`);
      else logger.error(`Failed ${lineOf(fact)}`, stackOf(fault.cause));
      observer.refused(fact);
    },
    replierFailed(fact) {
      const { source, key = '', replied, error } = fact;
      const text = `The ${replied} of a message of source "${source}" with key "${shortened(key, MAX_KEY_LENGTH)}"`;
      logger.error(`${text} could not be sent back: ${errorText(error)}`, stackOf(error));
      observer.replierFailed(fact);
    },
  };
}

/** The error whose cause is to be logged with its stack; undefined where the message is to blame or it is logged. */
function faultOf({ reason, error }: RefusalFact): Error | undefined {
  if (reason !== 'handlerFailed' && reason !== 'hookFailed' && reason !== 'unverifiable') return undefined;
  if (!(error instanceof Error)) return undefined;
  // An answer the handler chose, which Nest logs as little; and the handlers of an event have each been reported.
  const isKnown = error.cause instanceof HttpException || isDispatchError(error.cause, 'DISPATCH_EVENT_HANDLING');
  return isKnown && reason === 'handlerFailed' ? undefined : error;
}

function lineOf({ source, key, reason, error }: RefusalFact): string {
  const facts = [
    reason,
    ...(source === undefined ? [] : [`source "${source}"`]),
    ...(key === undefined ? [] : [`key "${shortened(key, MAX_KEY_LENGTH)}"`]),
  ];
  return `message (${facts.join(', ')}): ${shortened(errorText(error) + causeOf(error), MAX_TEXT_LENGTH)}`;
}

/** What lies under an unreadable message: our own text, or where foreign code failed, whose text may quote the payload. */
function causeOf(error: unknown): string {
  if (!isDispatchError(error, 'DISPATCH_UNREADABLE_MESSAGE') || !(error.cause instanceof Error)) return '';
  const { cause } = error;
  if (isDispatchError(cause)) return ` ${cause.message}`;
  const place = firstFrameOf(cause);
  return ` It is a ${cause.name}${place === undefined ? '' : ` ${place}`}.`;
}

/** Such as `at Hub.parse (hub.ts:3:5)`; looked for behind the text, which may hold lines of the same form. */
function firstFrameOf({ stack = '', message }: Error): string | undefined {
  const start = stack.indexOf(message);
  const frame = start === -1 ? null : /^\s+at .+$/m.exec(stack.slice(start + message.length));
  return frame?.[0].trim();
}

/** Keys and texts come from strangers: they must neither break a line, to forge the next one, nor fill the log. */
function shortened(text: string, maxLength: number): string {
  const line = text.slice(0, maxLength).replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return text.length > maxLength ? `${line}…` : line;
}
