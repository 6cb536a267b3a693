import { describe, expect, it } from '@jest/globals';

import { InvalidMessageError } from '../../../lib/message/errors.js';
import type { RouterHooks } from '../../../lib/router/hooks.js';
import { goodMessage, hubSource, rejectionOf, routerWith } from './router-fixture.js';

type ErrorHook = 'onNoSource' | 'onParseError' | 'onNoHandler' | 'onUnmarshalError' | 'onValidationError';

const faults: readonly (readonly [ErrorHook, string, string])[] = [
  ['onNoSource', '{"other":1}', 'noSource'],
  ['onParseError', '{"key":', 'unreadable'],
  ['onParseError', '{"key":7}', 'unreadable'],
  ['onNoHandler', '{"key":"pull"}', 'noHandler'],
  ['onUnmarshalError', '{"key":"push","payload":5}', 'unreadable'],
  ['onValidationError', '{"key":"push","payload":{}}', 'invalid'],
];

function routerWithHooks(global: readonly RouterHooks[], own: RouterHooks = {}) {
  const made = routerWith({ hooks: global });
  made.router.registerSources([hubSource(own)]);
  return made;
}

describe('error hooks', () => {
  it.each(faults)('%s skips %s when it returns', async (hook, raw, reason) => {
    const given: unknown[] = [];
    const { router, handle, facts } = routerWithHooks([
      { [hook]: (_context: unknown, error: unknown) => given.push(error) },
    ]);
    handle.mockImplementation((_route, subject) => Promise.reject(new InvalidMessageError('Push', [], { subject })));
    expect(await router.process(raw)).toMatchObject({ outcome: 'skipped', result: undefined });
    expect(facts.skipped).toEqual([expect.objectContaining({ reason, error: given[0] })]);
    expect(facts.refused).toEqual([]);
  });

  it.each(faults)('%s fails %s with what it throws', async (hook, raw, reason) => {
    const thrown = new Error('not here');
    const { router, handle, facts } = routerWithHooks([{ [hook]: () => Promise.reject(thrown) }]);
    handle.mockImplementation((_route, subject) => Promise.reject(new InvalidMessageError('Push', [], { subject })));
    expect(await rejectionOf(router.process(raw))).toBe(thrown);
    expect(facts.refused).toEqual([expect.objectContaining({ reason, error: thrown })]);
    expect(facts.skipped).toEqual([]);
  });

  it('run global first, then those of the source, and the first that throws ends it', async () => {
    const order: string[] = [];
    const note = (name: string, error?: Error) => ({
      onNoHandler: () => {
        order.push(name);
        if (error !== undefined) throw error;
      },
    });
    const thrown = new Error('own');
    const { router } = routerWithHooks([note('global 1'), note('global 2')], note('own', thrown));
    expect(await rejectionOf(router.process('{"key":"pull"}'))).toBe(thrown);
    expect(order).toEqual(['global 1', 'global 2', 'own']);
    const early = routerWithHooks([note('global 3', thrown)], note('own'));
    expect(await rejectionOf(early.router.process('{"key":"pull"}'))).toBe(thrown);
    expect(order).toEqual(['global 1', 'global 2', 'own', 'global 3']);
  });

  it('of one source do not decide about messages of another', async () => {
    const { router } = routerWithHooks([], { onNoHandler: () => undefined });
    router.registerSources([
      hubSource({ name: 'other', match: (view) => view.hasField('id'), parse: () => ({ key: 'x', payload: 1 }) }),
    ]);
    expect((await router.process('{"key":"pull"}')).outcome).toBe('skipped');
    expect(await rejectionOf(router.process('{"id":1}'))).toMatchObject({
      code: 'DISPATCH_NO_HANDLER',
      source: 'other',
    });
  });

  it('are not asked about a bad signature or a message that is too large', async () => {
    const skipAll: RouterHooks = { onParseError() {}, onNoHandler() {}, onUnmarshalError() {} };
    const { router } = routerWithHooks([{ ...skipAll, onNoSource() {} }], { ...skipAll, ...{ verify: () => false } });
    expect(await rejectionOf(router.process(goodMessage))).toMatchObject({ code: 'DISPATCH_BAD_SIGNATURE' });
    expect(await rejectionOf(router.process(' '.repeat(1001)))).toMatchObject({ code: 'DISPATCH_MESSAGE_TOO_LARGE' });
  });
});

describe('hooks that take part', () => {
  it('onParse adds headers the dispatched message carries', async () => {
    const { router, handle } = routerWithHooks([{ onParse: (context) => void (context.headers['tenant'] = 'acme') }]);
    await router.process(goodMessage);
    expect(handle.mock.calls[0]?.[2].headers).toEqual({ tenant: 'acme' });
  });

  it.each(['onParse', 'onDispatch'] as const)('%s fails the message when it throws, before dispatch', async (hook) => {
    const cause = new Error('no tenant');
    const { router, handle, facts } = routerWithHooks([{ [hook]: () => Promise.reject(cause) }]);
    const error = await rejectionOf(router.process(goodMessage));
    expect(error).toMatchObject({ code: 'DISPATCH_HOOK_FAILED', hook, source: 'hub', key: 'push', cause });
    expect(facts.refused[0]?.reason).toBe('hookFailed');
    expect(handle).not.toHaveBeenCalled();
  });

  it('see the message in the order onParse, onDispatch, onSuccess', async () => {
    const seen: unknown[] = [];
    const own: RouterHooks = {
      onParse: ({ source, key, payload }) => void seen.push(['onParse', source, key, payload]),
      onDispatch: ({ id, version }) => void seen.push(['onDispatch', id, version]),
      onSuccess: (_context, durationMs) => void seen.push(['onSuccess', durationMs >= 0]),
    };
    await routerWithHooks([], own).router.process(goodMessage);
    expect(seen).toEqual([
      ['onParse', 'hub', 'push', { ref: 'main' }],
      ['onDispatch', undefined, undefined],
      ['onSuccess', true],
    ]);
  });
});

describe('hooks that observe', () => {
  it('are logged when they throw and change no success', async () => {
    const { router, logged } = routerWithHooks([{ onSuccess: () => Promise.reject(new Error('no metrics')) }]);
    expect((await router.process(goodMessage)).result).toBe('done');
    expect(logged).toHaveBeenCalledWith(expect.stringMatching(/onSuccess.*no metrics/), expect.any(String));
  });

  it('are logged when they throw and change no failure', async () => {
    const failures: unknown[] = [];
    const { router, handle, logged } = routerWithHooks(
      [{ onFailure: () => { throw new Error('no metrics'); } }], // prettier-ignore
      { onFailure: (_context, error, durationMs) => void failures.push(error.cause, durationMs >= 0) },
    );
    handle.mockRejectedValue(new Error('disk full'));
    expect(await rejectionOf(router.process(goodMessage))).toMatchObject({ code: 'DISPATCH_HANDLER_FAILED' });
    expect(failures).toEqual([new Error('disk full'), true]);
    const lines = logged.mock.calls.map(([line]) => line);
    expect(lines.filter((line) => String(line).includes('no metrics'))).toHaveLength(1);
  });
});
