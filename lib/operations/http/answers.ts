import {
  ConflictException,
  NotFoundException,
  ServiceUnavailableException,
  UnprocessableEntityException,
  type HttpException,
} from '@nestjs/common';

import { errorFacts, isDispatchError } from '../../common/dispatch-error.js';
import type { DiscardReport, ReplayReport } from '../../failures/dead-letters/dead-letters.js';
import type { InvalidDeadLetterQueryError } from '../../failures/dead-letters/errors.js';
import { badRequest } from './request-input.js';

/** What is answered to what became of several letters: errors without their stacks. */
export type ReportAnswer<R extends ReplayReport | DiscardReport> = Omit<R, 'errors'> & {
  readonly errors: readonly { readonly id: string; readonly error: object }[];
};

/** The report as JSON can show it. */
export function reportAnswer<R extends ReplayReport | DiscardReport>(report: R): ReportAnswer<R> {
  const errors = report.errors.map(({ id, error }) => {
    const { name, message, code } = errorFacts(error);
    return { id, error: { name, message, code } };
  });
  return { ...report, errors };
}

/** What became of one letter that was there a moment ago. @throws HttpException where it failed */
export function oneAnswer<R extends ReplayReport | DiscardReport>(report: R): ReportAnswer<R> {
  const [failure] = report.errors;
  if (failure !== undefined) throw httpErrorOf(failure.error);
  return reportAnswer(report);
}

/** The answer where there is no letter of an id. */
export function notFound(id: string): NotFoundException {
  const message = `There is no dead letter ${id}.`;
  return new NotFoundException({ statusCode: 404, code: 'DISPATCH_DEAD_LETTER_GONE', message });
}

/** Asks the service. @throws HttpException in the place of its errors, and whatever else it throws as it is */
export async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw httpErrorOf(error);
  }
}

function httpErrorOf(error: unknown): unknown {
  if (!isDispatchError(error)) return error;
  const { code, message } = error;
  const made = (type: new (body: object, options: ErrorOptions) => HttpException, statusCode: number) =>
    new type({ statusCode, code, message }, { cause: error });
  switch (code) {
    case 'DISPATCH_INVALID_DEAD_LETTER_QUERY':
      return badRequest((error as unknown as InvalidDeadLetterQueryError).problems);
    case 'DISPATCH_DEAD_LETTER_GONE':
    case 'DISPATCH_DEAD_LETTER_BEHIND':
    case 'DISPATCH_PARKED_ENTRY_BUSY':
      return made(ConflictException, 409);
    case 'DISPATCH_DEAD_LETTER_NOT_REPLAYABLE':
      return made(UnprocessableEntityException, 422);
    case 'DISPATCH_NO_QUEUE':
    case 'DISPATCH_QUEUE_UNAVAILABLE':
    case 'DISPATCH_QUEUE_FULL':
    case 'DISPATCH_CLAIM_CHECK_UNAVAILABLE':
    case 'DISPATCH_CLAIM_CHECK_FULL':
      return made(ServiceUnavailableException, 503);
    default:
      return error;
  }
}
