import { describe, expect, it } from '@jest/globals';

import { isDispatchError } from '../../../lib/common/dispatch-error.js';
import type { RawMessage } from '../../../lib/dispatcher/raw-intake.js';
import { InvalidMessageError } from '../../../lib/message/errors.js';
import { BadSignatureError } from '../../../lib/router/errors.js';
import type { MessageRouterOptions } from '../../../lib/router/message-router.js';
import type { SourceDefinition } from '../../../lib/router/sources/source.js';
import { goodMessage, hubSource, Push, rejectionOf, routerWith } from './router-fixture.js';

class Closed extends Error {
  readonly code = 'DISPATCH_CLOSED';
}

interface Refusal {
  readonly title: string;
  readonly raw: RawMessage;
  readonly code: string;
  readonly reason: string;
  readonly source?: string;
  readonly key?: string;
  readonly definition?: Partial<SourceDefinition>;
  readonly options?: Partial<MessageRouterOptions>;
}

const bad = goodMessage.replace('main', 'bad');
const unreadable = { code: 'DISPATCH_UNREADABLE_MESSAGE', reason: 'unreadable' };
const onlyGoodVerifies: SourceDefinition['verify'] = (raw) => String(raw) !== bad;

const refusals: readonly Refusal[] = [
  { title: 'JSON cut short', raw: goodMessage.slice(0, -3), ...unreadable },
  { title: 'nothing at all', raw: '', ...unreadable },
  { title: 'bytes that are not UTF-8', raw: Buffer.from([0x7b, 0xff, 0x7d]), ...unreadable },
  { title: 'a key __proto__', raw: '{"key":"push","payload":{"__proto__":{"x":1}}}', ...unreadable },
  { title: 'an escaped key __proto__', raw: '{"key":"push","\\u005f_proto__":1}', ...unreadable },
  { title: 'a key constructor', raw: '{"key":"push","a":[{"constructor":1}]}', ...unreadable },
  { title: 'deep nesting', raw: `{"key":${'['.repeat(200)}${']'.repeat(200)}}`, ...unreadable },
  // Untyped callers pass these: a body parser's result, or a raw body that was not asked for.
  { title: 'a parsed object', raw: {} as never, ...unreadable },
  { title: 'undefined', raw: undefined as never, ...unreadable },
  { title: 'no key', raw: '{"key":7}', ...unreadable, source: 'hub' },
  {
    title: 'a message its source cannot parse',
    raw: bad,
    ...unreadable,
    source: 'hub',
    definition: {
      parse: (view) => {
        if (view.getString('payload.ref') === 'bad') throw new TypeError('odd');
        return { key: 'push', payload: {} };
      },
    },
  },
  {
    title: 'a payload that cannot become its class',
    raw: '{"key":"push","payload":5}',
    ...unreadable,
    source: 'hub',
    key: 'push',
  },
  {
    title: 'a message above the size limit',
    raw: ' '.repeat(1001),
    code: 'DISPATCH_MESSAGE_TOO_LARGE',
    reason: 'tooLarge',
  },
  {
    title: 'multi-byte text above the limit',
    raw: 'é'.repeat(501),
    code: 'DISPATCH_MESSAGE_TOO_LARGE',
    reason: 'tooLarge',
  },
  { title: 'a message of no source', raw: '{"other":1}', code: 'DISPATCH_NO_SOURCE', reason: 'noSource' },
  {
    title: 'an unknown key',
    raw: '{"key":"pull"}',
    code: 'DISPATCH_NO_HANDLER',
    reason: 'noHandler',
    source: 'hub',
    key: 'pull',
  },
  {
    title: 'an unknown version',
    raw: '{"key":"push","version":9}',
    code: 'DISPATCH_NO_HANDLER',
    reason: 'noHandler',
    source: 'hub',
    key: 'push',
  },
  {
    title: 'a verify that answers false',
    raw: bad,
    code: 'DISPATCH_BAD_SIGNATURE',
    reason: 'badSignature',
    source: 'hub',
    definition: { verify: onlyGoodVerifies },
  },
  {
    title: 'a verify that breaks',
    raw: bad,
    code: 'DISPATCH_UNVERIFIABLE_MESSAGE',
    reason: 'unverifiable',
    source: 'hub',
    definition: { verify: (raw) => (String(raw) === bad ? Promise.reject(new Error('no vault')) : true) },
  },
];

describe('MessageRouter refuses', () => {
  it.each(refusals)('$title with $code, and handles the next message', async (refusal) => {
    const { router, handle, facts } = routerWith(refusal.options);
    router.registerSources([hubSource(refusal.definition)]);
    const error = await rejectionOf(router.process(refusal.raw));
    expect(isDispatchError(error, refusal.code)).toBe(true);
    const { source, key, reason } = { source: undefined, key: undefined, ...refusal };
    expect(facts.refused).toEqual([{ source, key, reason, error }]);
    // Errors made before a source is known need not say so.
    expect({ source: undefined, key: undefined, ...(error as object) }).toMatchObject({ source, key });
    expect(handle).not.toHaveBeenCalled();
    expect((await router.process(goodMessage)).outcome).toBe('handled');
  });

  it('a signature its source refuses, keeping the reason and adding the source', async () => {
    const { router } = routerWith();
    const verify = () => Promise.reject(new BadSignatureError('expired'));
    router.registerSources([hubSource({ verify })]);
    const error = await rejectionOf(router.process(goodMessage));
    expect(error).toMatchObject({ code: 'DISPATCH_BAD_SIGNATURE', reason: 'expired', source: 'hub' });
  });

  it('everything while there is no source', async () => {
    const { router } = routerWith();
    expect(await rejectionOf(router.process(goodMessage))).toMatchObject({ code: 'DISPATCH_NO_SOURCE' });
  });

  it('a message an inspector throws at, unless another group knows it', async () => {
    const { router } = routerWith();
    const inspector = { name: 'packed', inspect: () => { throw new RangeError('short'); } }; // prettier-ignore
    router.registerSources([hubSource(), hubSource({ name: 'packed', inspector })]);
    expect(await rejectionOf(router.process('{"other":1}'))).toMatchObject({
      code: 'DISPATCH_UNREADABLE_MESSAGE',
      cause: expect.any(RangeError),
    });
    expect((await router.process(goodMessage)).source).toBe('hub');
  });

  it('a failing handler with its error as the cause, and handles the next message', async () => {
    const { router, handle, facts } = routerWith();
    router.registerSources([hubSource()]);
    handle.mockRejectedValueOnce(new Error('disk full'));
    const error = await rejectionOf(router.process(goodMessage));
    expect(error).toMatchObject({
      code: 'DISPATCH_HANDLER_FAILED',
      source: 'hub',
      key: 'push',
      cause: new Error('disk full'),
    });
    expect(facts.refused).toEqual([{ source: 'hub', key: 'push', reason: 'handlerFailed', error }]);
    expect((await router.process(goodMessage)).outcome).toBe('handled');
  });

  it('an invalid message with its violations, source and key', async () => {
    const { router, handle, facts } = routerWith();
    router.registerSources([hubSource()]);
    const violations = [{ path: 'ref', message: 'is empty' }];
    handle.mockImplementationOnce((_route, subject) =>
      Promise.reject(new InvalidMessageError('Push', violations, { subject })),
    );
    const error = await rejectionOf(router.process(goodMessage));
    expect(error).toMatchObject({ code: 'DISPATCH_INVALID_MESSAGE', source: 'hub', key: 'push', violations });
    expect(facts.refused[0]?.reason).toBe('invalid');
    expect((await router.process(goodMessage)).outcome).toBe('handled');
  });

  it('a handler that sends an invalid message as a failed handler', async () => {
    const { router, handle } = routerWith();
    router.registerSources([hubSource()]);
    handle.mockRejectedValueOnce(new InvalidMessageError('Push', [], { subject: new Push() }));
    expect(await rejectionOf(router.process(goodMessage))).toMatchObject({ code: 'DISPATCH_HANDLER_FAILED' });
    handle.mockRejectedValueOnce(new InvalidMessageError('Other', []));
    expect(await rejectionOf(router.process(goodMessage))).toMatchObject({ code: 'DISPATCH_HANDLER_FAILED' });
  });

  it('a message that comes while the dispatcher closes, with the dispatcher’s own error', async () => {
    const { router, handle, facts } = routerWith();
    router.registerSources([hubSource()]);
    const closed = Object.assign(new BadSignatureError('missing'), new Closed('closing'));
    handle.mockRejectedValueOnce(closed);
    expect(await rejectionOf(router.process(goodMessage))).toBe(closed);
    expect(facts.refused[0]?.reason).toBe('closed');
  });
});
