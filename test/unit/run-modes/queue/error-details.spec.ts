import { describe, expect, it } from '@jest/globals';
import { BadRequestException, ConflictException, HttpException } from '@nestjs/common';
import { IsString } from 'class-validator';
import { Command, InvalidMessageError, Message } from 'nestjs-dispatch';

import { RemoteError } from '../../../../lib/run-modes/queue/errors.js';
import { fromWireError, toWireError } from '../../../../lib/run-modes/queue/wire-error.js';
import { rejectionOf } from '../../dispatcher/application.js';
import { commandHandler } from '../../dispatcher/handlers.js';
import { startQueued } from '../queued-application.js';

@Message('shop.pay-order')
class PayOrder extends Command {
  @IsString() readonly order: unknown = 7;
}

/** As it would arrive out of a store. */
function overTheWire(error: unknown): RemoteError {
  return fromWireError(JSON.parse(JSON.stringify(toWireError(error))) as ReturnType<typeof toWireError>);
}

describe('an error that travels from a worker to its caller', () => {
  it('keeps status and body of an HttpException', () => {
    expect(overTheWire(new ConflictException('paid already'))).toMatchObject({
      name: 'ConflictException',
      code: 'DISPATCH_REMOTE_ERROR',
      http: { status: 409, response: { statusCode: 409, error: 'Conflict', message: 'paid already' } },
    });
  });

  it('keeps them where a handler passes on what another one failed with', () => {
    const { http } = overTheWire(overTheWire(new HttpException('gone', 410)));
    expect(http).toEqual({ status: 410, response: 'gone' });
  });

  it('has a short body in place of one that is no JSON', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const { http } = overTheWire(new BadRequestException(circular, 'wrong'));
    expect(http).toEqual({ status: 400, response: { statusCode: 400, message: 'Bad Request Exception' } });
  });

  it('has a short body in place of one that is too long', () => {
    const { http } = overTheWire(new BadRequestException({ text: 'x'.repeat(9000) }));
    expect(http).toEqual({ status: 400, response: { statusCode: 400, message: 'Bad Request Exception' } });
  });

  it('has neither where the error had neither', () => {
    const remote = overTheWire(new RangeError('too far'));
    expect(Object.keys(remote)).not.toEqual(expect.arrayContaining(['http']));
    expect(Object.keys(remote)).not.toEqual(expect.arrayContaining(['violations']));
  });

  it('is told of in a few words where it cannot be read', () => {
    const broken = Object.defineProperty(new Error('lost'), 'code', {
      get: () => {
        throw new TypeError('no code');
      },
    });
    expect(overTheWire(broken)).toMatchObject({ name: 'Error', message: 'an error that cannot be read: no code' });
  });

  it('keeps the violations of an invalid message', async () => {
    const { dispatcher } = await startQueued({ providers: [commandHandler(PayOrder, () => undefined)] });
    const error = await rejectionOf(dispatcher.execute(new PayOrder()));
    expect(error).not.toBeInstanceOf(InvalidMessageError);
    expect(error).toMatchObject({
      code: 'DISPATCH_INVALID_MESSAGE',
      violations: [{ path: 'order', message: 'order must be a string' }],
    });
  });
});
