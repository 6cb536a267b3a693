import {
  Controller,
  ForbiddenException,
  Get,
  NotFoundException,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { DispatchError } from '../../../lib/common/dispatch-error.js';
import { AggregateNotFoundError, ConcurrencyError } from '../../../lib/event-store/errors.js';
import { InvalidMessageError, MessageTooLargeError, UnreadableMessageError } from '../../../lib/message/errors.js';
import { BulkheadFullError } from '../../../lib/pipeline/resilience/bulkhead/errors.js';
import { CircuitOpenError } from '../../../lib/pipeline/resilience/circuit-breaker/errors.js';
import {
  RateLimitExceededError,
  RateLimitUnavailableError,
} from '../../../lib/pipeline/resilience/rate-limit/errors.js';
import {
  BadSignatureError,
  HandlerFailedError,
  InvalidRawMessageError,
  NoHandlerError,
  NoSourceError,
  UnverifiableMessageError,
} from '../../../lib/router/errors.js';
import { DispatchExceptionFilter } from '../../../lib/router/http-exception.filter.js';
import { RemoteError } from '../../../lib/run-modes/queue/errors.js';

class ClosedError extends DispatchError {
  readonly code = 'DISPATCH_CLOSED';
}

const secret = 'the secret of ours';
const violations = [{ path: 'ref', message: 'is empty' }];
const facts = { source: 'hub', key: 'push' };
let thrown: unknown;

@Controller()
class Hooks {
  @Get()
  hook(): never {
    throw thrown;
  }
}

async function start(filter: { useClass: Type } | undefined): Promise<{ app: INestApplication; url: string }> {
  const providers = filter === undefined ? [] : [{ provide: APP_FILTER, ...filter }];
  const module = await Test.createTestingModule({ controllers: [Hooks], providers }).compile();
  const app = module.createNestApplication({ logger: false });
  if (filter === undefined) app.useGlobalFilters(new DispatchExceptionFilter(app.getHttpAdapter()));
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

describe.each([
  ['provided as APP_FILTER', { useClass: DispatchExceptionFilter }],
  ['made with the HTTP adapter', undefined],
])('DispatchExceptionFilter %s', (_title, filter) => {
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    ({ app, url } = await start(filter));
  });
  afterEach(() => app.close());

  async function answerTo(error: unknown): Promise<{ status: number; body: unknown }> {
    thrown = error;
    const response = await fetch(url);
    return { status: response.status, body: await response.json() };
  }

  it.each<[number, DispatchError]>([
    [400, new UnreadableMessageError(secret)],
    [400, new NoSourceError(3)],
    [401, new BadSignatureError('mismatch', secret)],
    [404, new NoHandlerError(secret, secret, 1)],
    [404, new AggregateNotFoundError(secret, secret)],
    [409, new ConcurrencyError(secret, 1, 2)],
    [413, new MessageTooLargeError(2, 1)],
    [429, new RateLimitExceededError(secret, 1)],
    [503, new RateLimitUnavailableError(secret, { cause: secret })],
    [503, new BulkheadFullError(secret, 1, 0)],
    [503, new CircuitOpenError(secret, 1)],
    [503, new ClosedError(secret)],
  ])('answers %i to %s, with its code and no inner facts', async (status, error) => {
    const answer = await answerTo(error);
    expect(answer).toEqual({ status, body: { statusCode: status, code: error.code, message: expect.any(String) } });
    expect(JSON.stringify(answer)).not.toContain(secret);
  });

  it('answers 422 to an invalid message, raw or not, with what is wrong', async () => {
    for (const error of [
      new InvalidRawMessageError(facts, 'Push', violations),
      new InvalidMessageError('Push', violations),
    ]) {
      expect(await answerTo(error)).toMatchObject({
        status: 422,
        body: { code: 'DISPATCH_INVALID_MESSAGE', violations },
      });
    }
  });

  it('answers a bare 500 to a failed handler and a source that could not verify', async () => {
    const cause = new Error(secret);
    for (const error of [
      new HandlerFailedError('hub', 'push', { cause }),
      new UnverifiableMessageError('hub', { cause }),
    ]) {
      expect(await answerTo(error)).toEqual({
        status: 500,
        body: { statusCode: 500, message: 'Internal server error' },
      });
    }
  });

  it('answers a failed handler as the HTTP exception it threw', async () => {
    const cause = new ForbiddenException('not yours');
    const answer = await answerTo(new HandlerFailedError('hub', 'push', { cause }));
    expect(answer).toMatchObject({ status: 403, body: { message: 'not yours' } });
  });

  it('answers a foreign message that was not let through to its handler as one of ours, and says when to come again', async () => {
    for (const refusal of [new RateLimitExceededError(secret, 1500), new CircuitOpenError(secret, 1001)]) {
      for (const error of [refusal, new HandlerFailedError('hub', 'push', { cause: refusal })]) {
        thrown = error;
        const response = await fetch(url);
        expect(response.headers.get('retry-after')).toBe('2');
        expect(await response.json()).toMatchObject({ statusCode: response.status, code: refusal.code });
      }
    }
  });

  it('answers what a handler behind a queue threw as if it had been thrown here, also to a foreign message', async () => {
    const http = { status: 409, response: { statusCode: 409, message: 'paid already' } };
    const remote = new RemoteError({ name: 'ConflictException', message: 'x', code: undefined, details: { http } });
    for (const error of [remote, new HandlerFailedError('hub', 'push', { cause: remote })]) {
      expect(await answerTo(error)).toEqual({ status: 409, body: http.response });
    }
  });

  it('answers 422 with what is wrong to a message that was found invalid behind a queue', async () => {
    const code = 'DISPATCH_INVALID_MESSAGE';
    const remote = new RemoteError({ name: 'InvalidMessageError', message: 'x', code, details: { violations } });
    expect(await answerTo(remote)).toMatchObject({ status: 422, body: { code, violations } });
  });

  it.each([
    { status: 200, response: {} },
    { status: 409, response: 7 },
  ])('answers a bare 500 where what came out of a queue as an HTTP exception is none: %j', async (http) => {
    const remote = new RemoteError({ name: 'Error', message: secret, code: undefined, details: { http } });
    expect(await answerTo(remote)).toMatchObject({ status: 500 });
  });

  it('leaves other errors to Nest', async () => {
    expect(await answerTo(new NotFoundException('gone'))).toMatchObject({ status: 404, body: { message: 'gone' } });
    expect(await answerTo(new Error(secret))).toEqual({
      status: 500,
      body: { statusCode: 500, message: 'Internal server error' },
    });
  });
});

describe('DispatchExceptionFilter outside HTTP', () => {
  it('throws what it was given', () => {
    const error = new NoSourceError(1);
    const host = { getType: () => 'rpc' } as never;
    expect(() => new DispatchExceptionFilter().catch(error, host)).toThrow(error);
  });
});
